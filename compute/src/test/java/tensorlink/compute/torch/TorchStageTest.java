package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.compute.tokenizer.Tokenizer;

class TorchStageTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW ADAMW = AdamW.lr(1e-3);

    @Test
    void memory_is_the_same_after_200_steps() throws Exception {
        var model = golden("qwen2");
        var parts = batch(model.config(), 4, 16, 1).split(4);
        try (var first = open(model, new LayerRange(0, 2));
                var last = open(model, new LayerRange(2, 4))) {
            step(first, last, parts);
            long arrays = ENGINE.arrays();

            for (int i = 0; i < 200; i++) {
                step(first, last, parts);
                assertThat(ENGINE.arrays()).as("after step %d", i).isEqualTo(arrays);
            }
        }
    }

    @Test
    void a_closed_stage_or_cache_leaves_nothing() throws Exception {
        var model = golden("llama");
        long before = ENGINE.arrays();
        var stage = open(model, model.config().allLayers());
        var inputs = Tokens.of(new long[] {1, 2, 3});
        stage.forward(0, inputs.toTensor()).close();
        long withMicroBatch = ENGINE.arrays();

        try (var cache = stage.openCache(1, 8)) {
            stage.extend(cache, inputs.toTensor()).close();
            assertThat(ENGINE.arrays()).isEqualTo(withMicroBatch + 8);
        }
        assertThat(ENGINE.arrays()).isEqualTo(withMicroBatch);
        stage.abandon();
        assertThat(ENGINE.arrays()).isLessThan(withMicroBatch);
        stage.close();
        stage.close();

        assertThat(ENGINE.arrays()).isEqualTo(before);
        assertThatThrownBy(() -> stage.infer(inputs.toTensor()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
    }

    /** Wide enough that libtorch shares the work between threads. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                """
                {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 512,
                 "n_layer": 1, "n_head": 8, "n_positions": 128, "vocab_size": 260,
                 "attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0}
                """,
                """
                {"model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"],
                 "hidden_size": 512, "num_hidden_layers": 1, "num_attention_heads": 8,
                 "max_position_embeddings": 128, "intermediate_size": 2048, "vocab_size": 260,
                 "hidden_act": "gelu", "rotary_pct": 0.25, "use_parallel_residual": true,
                 "tie_word_embeddings": false}
                """,
                """
                {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"],
                 "hidden_size": 512, "num_hidden_layers": 1, "num_attention_heads": 8,
                 "num_key_value_heads": 4, "head_dim": 64, "max_position_embeddings": 128,
                 "intermediate_size": 1376, "vocab_size": 260, "rms_norm_eps": 1e-6,
                 "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 64,
                 "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
                 "sliding_window": 64}
                """
            })
    void the_number_of_threads_does_not_change_bits_where_the_profile_says_so(String json)
            throws Exception {
        var config =
                json.equals("{}")
                        ? ModelConfig.llama(1024, 1, 260, 128)
                        : ModelConfig.parse("test", json.getBytes(StandardCharsets.UTF_8));
        var model = Model.initialize(config, Tokenizer.bytes(), 3);
        var parts = batch(model.config(), 4, 128, 2).split(2);
        var digests = new ArrayList<Map<String, Digest>>();
        for (int threads = 1; threads <= 2; threads++) {
            try (var stage =
                    ENGINE.open(
                            model.config(),
                            model.config().allLayers(),
                            model.weights(),
                            StageOptions.forTraining(threads))) {
                for (int i = 1; i <= 2; i++) {
                    stage.zeroGradients();
                    accumulate(stage, parts);
                    stage.prepare(null);
                    stage.apply(i, ADAMW);
                }
                digests.add(stage.digests());
            }
        }

        Engines.assertBitsOfAnyThreads(digests.get(1), digests.get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void gradients_of_several_batches_add_up_whether_or_not_steps_were_prepared_between(String name)
            throws Exception {
        var model = golden(name);
        var one = batch(model.config(), 4, 12, 3).split(2);
        var two = batch(model.config(), 4, 12, 4).split(2);
        try (var first = open(model, new LayerRange(0, 1));
                var last = open(model, new LayerRange(1, 4));
                var whole = open(model, model.config().allLayers())) {
            accumulate(whole, one);
            accumulate(whole, two);

            accumulate(first, last, one);
            prepare(first, last);
            accumulate(first, last, two);
            prepare(first, last);
            prepare(first, last);
            var wholePrepared = whole.prepare(null);

            apply(1, first, last, whole);
            assertThat(digests(first, last)).isEqualTo(whole.digests());
            assertThat(PreparedStep.norm(List.of(wholePrepared))).isPositive();
        }
    }

    @Test
    void a_prepared_step_is_named_by_its_gradients_and_measured_once() throws Exception {
        var model = golden("qwen2");
        var parts = batch(model.config(), 4, 12, 5).split(2);
        try (var first = open(model, new LayerRange(0, 2));
                var last = open(model, new LayerRange(2, 4));
                var whole = open(model, model.config().allLayers())) {
            accumulate(first, last, parts);
            accumulate(whole, parts);

            var prepared = whole.prepare(null);
            var ofFirst = first.prepare(last.tiedGradient());
            var ofLast = last.prepare(first.tiedGradient());

            var hash = Digest.sha256();
            double squares = 0;
            for (var parameter : whole.parameters()) {
                try (var gradient = whole.gradient(parameter.name())) {
                    Digest.hash(hash, gradient.data());
                    for (long i = 0; i < gradient.elements(); i++) {
                        squares += (double) gradient.floatAt(i) * gradient.floatAt(i);
                    }
                }
            }
            assertThat(prepared.gradients()).isEqualTo(Digest.ofHash(hash.digest()));
            double norm = PreparedStep.norm(List.of(prepared));
            assertThat(norm).isCloseTo(Math.sqrt(squares), within(norm * 1e-12));
            assertThat(PreparedStep.norm(List.of(ofFirst, ofLast))).isEqualTo(norm);
        }
    }

    @Test
    void a_step_is_applied_once_however_often_it_is_asked_for() throws Exception {
        var model = golden("llama");
        var parts = batch(model.config(), 4, 12, 6).split(2);
        try (var stage = open(model, model.config().allLayers())) {
            accumulate(stage, parts);
            stage.prepare(null);
            stage.apply(1, ADAMW);
            var once = stage.digests();

            stage.apply(1, ADAMW);

            assertThat(stage.step()).isEqualTo(1);
            assertThat(stage.digests()).isEqualTo(once);
            assertThatThrownBy(() -> stage.apply(3, ADAMW)).hasMessage("step 3 after step 1");
            assertThatThrownBy(() -> stage.apply(0, ADAMW)).hasMessage("step 0 after step 1");
            assertThatThrownBy(() -> stage.apply(2, ADAMW)).hasMessage("step 2 is not prepared");
        }
    }

    @Test
    void more_gradients_or_none_undo_a_prepared_step() throws Exception {
        var model = golden("llama");
        var parts = batch(model.config(), 2, 12, 7).split(1);
        try (var stage = open(model, model.config().allLayers())) {
            accumulate(stage, parts);
            stage.prepare(null);
            accumulate(stage, parts);
            assertThatThrownBy(() -> stage.apply(1, ADAMW)).hasMessage("step 1 is not prepared");

            stage.prepare(null);
            stage.zeroGradients();
            assertThatThrownBy(() -> stage.apply(1, ADAMW)).hasMessage("step 1 is not prepared");
            try (var gradient = stage.gradient("model.norm.weight")) {
                assertThat(gradient.floatAt(0)).isZero();
            }
            assertThat(stage.digests().keySet()).hasSize(39);
        }
    }

    @Test
    void weights_do_not_change_under_micro_batches_in_flight() throws Exception {
        var model = golden("llama");
        var parts = batch(model.config(), 2, 12, 8).split(2);
        try (var stage = open(model, model.config().allLayers())) {
            accumulate(stage, parts.subList(0, 1));
            stage.prepare(null);
            forwardLoss(stage, parts.get(1));

            assertThatThrownBy(() -> stage.apply(1, ADAMW))
                    .hasMessage("micro-batches in flight: [1]");

            stage.abandon();
            stage.apply(1, ADAMW);
            assertThat(stage.step()).isEqualTo(1);
        }
    }

    @Test
    void micro_batches_have_names_of_their_own() throws Exception {
        var model = golden("llama");
        var parts = batch(model.config(), 2, 12, 9).split(2);
        try (var stage = open(model, model.config().allLayers())) {
            forwardLoss(stage, parts.get(0));

            assertThatThrownBy(() -> forwardLoss(stage, parts.get(0)))
                    .hasMessage("micro-batch 0 is in flight");
            assertThatThrownBy(() -> stage.backward(7, null))
                    .hasMessage("micro-batch 7 is not in flight");
            assertThatThrownBy(() -> stage.backward(0, Tensor.ofFloats(Shape.of(1), 1f)))
                    .hasMessage("a loss takes no gradient, got F32 [1]");
            assertThat(stage.backward(0, null)).isNull();
            assertThatThrownBy(() -> stage.backward(0, null))
                    .hasMessage("micro-batch 0 is not in flight");
        }
    }

    @Test
    void a_gradient_of_another_shape_is_refused_and_the_micro_batch_stays() throws Exception {
        var model = golden("llama");
        try (var stage = open(model, new LayerRange(0, 2))) {
            stage.forward(0, Tokens.of(new long[] {1, 2, 3}).toTensor()).close();

            assertThatThrownBy(() -> stage.backward(0, null))
                    .hasMessage("output gradient: expected F32 [1, 3, 32], got null");
            assertThatThrownBy(
                            () -> stage.backward(0, Tensor.allocate(DType.F32, Shape.of(1, 4, 32))))
                    .hasMessage("output gradient: expected F32 [1, 3, 32], got F32 [1, 4, 32]");
            assertThat(stage.backward(0, Tensor.allocate(DType.F32, Shape.of(1, 3, 32)))).isNull();
        }
    }

    @Test
    void refuses_inputs_that_do_not_fit_before_anything_runs() throws Exception {
        var model = golden("llama");
        try (var first = open(model, new LayerRange(0, 2));
                var last = open(model, new LayerRange(2, 4))) {
            assertThatThrownBy(() -> first.infer(Tokens.of(new long[] {1, 512}).toTensor()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token 512 at row 0, position 1, vocabulary 512");
            assertThatThrownBy(() ->
                            first.forward(
                                    0, Tokens.of(new long[] {1, 2}, new long[] {-1, 2}).toTensor()))
                    .hasMessage("token -1 at row 1, position 0, vocabulary 512");
            assertThatThrownBy(() -> first.infer(Tensor.ofFloats(Shape.of(1, 1), 1f)))
                    .hasMessage("input: expected I64 [batch, time], got F32 [1, 1]");
            assertThatThrownBy(() -> first.infer(Tensor.allocate(DType.I64, Shape.of(1, 0))))
                    .hasMessage("input: expected I64 [batch, time], got I64 [1, 0]");
            assertThatThrownBy(() -> first.infer(Tensor.allocate(DType.I64, Shape.of(1, 257))))
                    .hasMessage("input: 257 positions after 0, context length 256");
            assertThatThrownBy(() -> last.infer(hidden(1, 2, 31)))
                    .hasMessage("input: expected F32 [batch, time, 32], got F32 [1, 2, 31]");
            assertThatThrownBy(() ->
                            last.inferLoss(
                                    hidden(1, 2, 32), Tokens.of(new long[] {1, 600}).toTensor(), 1))
                    .hasMessage("label 600 at row 0, position 1, vocabulary 512");
            assertThatThrownBy(() ->
                            last.inferLoss(
                                    hidden(1, 2, 32),
                                    Tokens.of(new long[] {1, 2, 3}).toTensor(),
                                    1))
                    .hasMessage("labels: expected I64 [1, 2], got I64 [1, 3]");
            assertThatThrownBy(() ->
                            last.inferLoss(
                                    hidden(1, 2, 32), Tokens.of(new long[] {1, 2}).toTensor(), 0))
                    .hasMessage("label count 0, at least 1");
            assertThatThrownBy(() ->
                            first.inferLoss(
                                    Tokens.of(new long[] {1, 2}).toTensor(),
                                    Tokens.of(new long[] {1, 2}).toTensor(),
                                    1))
                    .hasMessage("only the last stage has a loss");
            assertThatThrownBy(() -> first.parameter("nothing"))
                    .hasMessage("no parameter nothing here");
            assertThatThrownBy(() -> first.prepare(hidden(1, 1, 1)))
                    .hasMessage("there is no tied gradient to add F32 [1, 1, 1] to");
        }
    }

    @Test
    void a_split_tied_model_needs_the_other_half_of_the_shared_gradient() throws Exception {
        var model = golden("qwen2");
        try (var first = open(model, new LayerRange(0, 2))) {
            assertThatThrownBy(() -> first.prepare(null))
                    .hasMessage("the other part of the tied gradient is missing");
            assertThatThrownBy(() -> first.prepare(hidden(1, 1, 1)))
                    .hasMessage("tied gradient: expected F32 [512, 32], got F32 [1, 1, 1]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void what_is_computed_again_in_backward_has_the_same_bits_and_is_not_kept(String name)
            throws Exception {
        var model = golden(name);
        var parts = batch(model.config(), 4, 12, 3).split(4);
        var again = StageOptions.forTraining(TrainingOptions.defaults().withRecompute(true), 1);
        try (var whole = open(model, model.config().allLayers());
                var first =
                        ENGINE.open(model.config(), new LayerRange(0, 2), model.weights(), again);
                var last =
                        ENGINE.open(model.config(), new LayerRange(2, 4), model.weights(), again)) {
            whole.zeroGradients();
            accumulate(whole, parts);
            whole.prepare(null);
            apply(1, whole);
            step(first, last, parts);
            assertThat(digests(first, last)).isEqualTo(whole.digests());

            long before = ENGINE.arrays();
            forwardLoss(whole, parts.getFirst());
            long kept = ENGINE.arrays() - before;
            first.forward(0, parts.getFirst().inputs().toTensor()).close();
            assertThat(kept).isGreaterThan(10);
            assertThat(ENGINE.arrays() - before - kept).isLessThan(4);
        }
    }

    @Test
    void an_encoder_refuses_rows_of_padding_ids_beyond_its_segments_and_caches() throws Exception {
        var model = golden("bert-classify");
        try (var first = open(model, new LayerRange(0, 2));
                var last = open(model, new LayerRange(2, 3));
                var body = open(golden("bert-features"), new LayerRange(0, 3))) {
            assertThatThrownBy(() ->
                            first.infer(
                                    Tokens.of(new long[] {3, -1}, new long[] {-1, -1}).toTensor()))
                    .hasMessage("row 1 is all padding");
            assertThatThrownBy(() -> first.infer(Tokens.of(new long[] {3, 256}).toTensor()))
                    .hasMessage("token 256 at row 0, position 1, limit 256");
            assertThatThrownBy(() -> first.infer(Tokens.of(new long[] {3, -2}).toTensor()))
                    .hasMessage("token -2 at row 0, position 1, limit 256");
            assertThatThrownBy(() -> last.infer(hidden(1, 2, 16)))
                    .hasMessage("input: expected F32 [batch, time, 17], got F32 [1, 2, 16]");
            assertThatThrownBy(() ->
                            last.inferLoss(
                                    hidden(1, 2, 17), Tokens.of(new long[] {3}).toTensor(), 1))
                    .hasMessage("label 3 at row 0, position 0, limit 3");
            assertThatThrownBy(() -> first.openCache(1, 4)).hasMessageContaining("has no cache");
            assertThatThrownBy(() ->
                            body.inferLoss(
                                    Tokens.of(new long[] {3}).toTensor(),
                                    Tokens.of(new long[] {3}).toTensor(),
                                    1))
                    .hasMessage("a model for features has no loss");
        }
    }

    @Test
    void padding_changes_nothing_for_the_tokens_beside_it() throws Exception {
        for (var name : List.of("bert-features", "distilbert-features")) {
            var model = golden(name);
            try (var stage = open(model, model.config().allLayers());
                    var alone = stage.infer(Tokens.of(new long[] {5, 9, 17}).toTensor());
                    var padded =
                            stage.infer(
                                    Tokens.of(
                                                    new long[] {5, 9, 17, -1, -1},
                                                    new long[] {5, 9, 17, 4, 4})
                                            .toTensor())) {
                for (int i = 0; i < 3 * 16; i++) {
                    assertThat(padded.floatAt(i)).isCloseTo(alone.floatAt(i), within(1e-6f));
                }
                assertThat(padded.floatAt(5 * 16)).isNotCloseTo(alone.floatAt(0), within(1e-6f));
            }
        }
    }

    @Test
    void features_are_trained_by_a_loss_of_the_callers() throws Exception {
        var model = golden("bert-features");
        var tokens = Tokens.of(new long[] {5, 9, 17, -1}, new long[] {1, 2, 3, 4});
        try (var first = open(model, new LayerRange(0, 1));
                var last = open(model, new LayerRange(1, 3));
                var whole = open(model, model.config().allLayers())) {
            last.forward(0, first.forward(0, tokens.toTensor())).close();
            first.backward(0, last.backward(0, ones(2, 4, 16)));
            whole.forward(0, tokens.toTensor()).close();
            whole.backward(0, ones(2, 4, 16));
            for (var stage : List.of(first, last, whole)) {
                stage.prepare(null);
                stage.apply(1, ADAMW);
            }

            assertThat(digests(first, last)).isEqualTo(whole.digests());
        }
    }

    private static Tensor ones(int rows, int time, int width) {
        var tensor = Tensor.allocate(DType.F32, Shape.of(rows, time, width));
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) (i % 7));
        }
        return tensor;
    }

    @Test
    void a_stage_for_inference_does_not_train() throws Exception {
        var model = golden("llama");
        try (var stage =
                ENGINE.open(
                        model.config(),
                        model.config().allLayers(),
                        model.weights(),
                        StageOptions.forInference(1))) {
            assertThatThrownBy(() -> stage.forward(0, Tokens.of(new long[] {1}).toTensor()))
                    .hasMessage("the stage was not opened for training");
            assertThatThrownBy(() -> stage.gradient("model.norm.weight"))
                    .hasMessage("the stage was not opened for training");
        }
    }

    @Test
    void half_precision_weights_are_widened_when_loaded() throws Exception {
        var model = golden("llama");
        var narrow = new HashMap<String, Tensor>();
        for (var spec : model.config().tensors(model.config().allLayers())) {
            var half = Tensor.allocate(DType.BF16, spec.shape());
            half.data().fill((byte) 0x3F); // 0x3F3F is 0.74609375
            narrow.put(spec.name(), half);
        }
        try (var weights = new MemoryWeights(narrow);
                var stage =
                        ENGINE.open(
                                model.config(),
                                new LayerRange(3, 4),
                                weights,
                                StageOptions.forInference(1));
                var norm = stage.parameter("model.norm.weight")) {

            assertThat(norm.dtype()).isEqualTo(DType.F32);
            assertThat(norm.floatAt(31)).isEqualTo(0.74609375f);
        }
    }

    @Test
    void weights_that_cannot_be_read_leave_no_stage_behind() throws Exception {
        var model = golden("llama");
        long before = ENGINE.arrays();

        assertThatThrownBy(() ->
                        ENGINE.open(
                                model.config(),
                                new LayerRange(0, 2),
                                new MemoryWeights(Map.of()),
                                StageOptions.forTraining(1)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("weights: model.embed_tokens.weight is missing");
        assertThatThrownBy(() ->
                        ENGINE.open(
                                model.config(),
                                new LayerRange(0, 2),
                                new Unreadable(model.weights()),
                                StageOptions.forTraining(1)))
                .hasMessage("the peer is gone");

        assertThat(ENGINE.arrays()).isEqualTo(before);
    }

    @Test
    void an_interrupted_caller_leaves_the_stage_usable() throws Exception {
        var model = golden("llama");
        try (var stage = open(model, model.config().allLayers())) {
            var outcome = new AtomicReference<Throwable>();
            var ready = new CountDownLatch(1);
            var caller =
                    Thread.ofPlatform()
                            .start(() -> {
                                ready.countDown();
                                try {
                                    while (true) {
                                        stage.infer(Tokens.of(new long[64]).toTensor()).close();
                                    }
                                } catch (Throwable e) {
                                    outcome.set(e);
                                }
                            });
            ready.await();
            caller.interrupt();
            caller.join();

            assertThat(outcome.get()).isInstanceOf(InterruptedException.class);
            try (var logits = stage.infer(Tokens.of(new long[] {1}).toTensor())) {
                assertThat(logits).hasToString("F32 [1, 1, 512]");
            }
        }
    }

    @Test
    void an_engine_closes_its_stages_and_opens_no_more() throws Exception {
        var model = golden("llama");
        var engine = TorchEngine.open();
        var stage =
                engine.open(
                        model.config(),
                        model.config().allLayers(),
                        model.weights(),
                        StageOptions.forInference(1));

        engine.close();

        assertThat(engine.arrays()).isZero();
        assertThatThrownBy(() -> stage.infer(Tokens.of(new long[] {1}).toTensor()))
                .hasMessageContaining("is closed");
        assertThatThrownBy(() ->
                        engine.open(
                                model.config(),
                                model.config().allLayers(),
                                model.weights(),
                                StageOptions.forInference(1)))
                .isInstanceOf(IllegalStateException.class);
    }

    private static final class Unreadable implements Weights {
        private final Weights specs;

        Unreadable(Weights specs) {
            this.specs = specs;
        }

        @Override
        public List<TensorSpec> tensors() {
            return specs.tensors();
        }

        @Override
        public void read(String name, long offset, MemorySegment target) throws IOException {
            throw new IOException("the peer is gone");
        }
    }

    private static Model golden(String name) throws Exception {
        return Model.load(Goldens.folder(name));
    }

    private static Stage open(Model model, LayerRange layers) throws Exception {
        return ENGINE.open(model.config(), layers, model.weights(), StageOptions.forTraining(1));
    }

    private static Batch batch(ModelConfig config, int rows, int length, long seed) {
        var random = new Random(seed);
        var ids = new long[rows][length];
        for (var row : ids) {
            for (int i = 0; i < length; i++) {
                row[i] = random.nextInt(config.vocabulary());
            }
        }
        return Batch.of(Tokens.of(ids));
    }

    private static Tensor hidden(long... axes) {
        return Tensor.allocate(DType.F32, Shape.of(axes));
    }

    private static void forwardLoss(Stage stage, MicroBatch part) throws Exception {
        stage.forwardLoss(
                part.index(),
                part.inputs().toTensor(),
                part.labels().toTensor(),
                part.labelCount());
    }

    private static void accumulate(Stage whole, List<MicroBatch> parts) throws Exception {
        for (var part : parts) {
            forwardLoss(whole, part);
            whole.backward(part.index(), null);
        }
    }

    private static void accumulate(Stage first, Stage last, List<MicroBatch> parts)
            throws Exception {
        for (var part : parts) {
            last.forwardLoss(
                    part.index(),
                    first.forward(part.index(), part.inputs().toTensor()),
                    part.labels().toTensor(),
                    part.labelCount());
            first.backward(part.index(), last.backward(part.index(), null));
        }
    }

    private static void prepare(Stage first, Stage last) throws Exception {
        var ofFirst = first.tiedGradient();
        first.prepare(last.tiedGradient());
        last.prepare(ofFirst);
    }

    private static void step(Stage first, Stage last, List<MicroBatch> parts) throws Exception {
        first.zeroGradients();
        last.zeroGradients();
        accumulate(first, last, parts);
        prepare(first, last);
        apply(first.step() + 1, first, last);
    }

    private static void apply(long step, Stage... stages) throws Exception {
        for (var stage : stages) {
            stage.apply(step, ADAMW);
        }
    }

    private static Map<String, Digest> digests(Stage... stages) throws Exception {
        var digests = new HashMap<String, Digest>();
        for (var stage : stages) {
            digests.putAll(stage.digests());
        }
        return digests;
    }
}
