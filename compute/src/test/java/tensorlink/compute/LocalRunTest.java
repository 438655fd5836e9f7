package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.schedule.Step;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.torch.Engines;

class LocalRunTest {
    private static final AdamW ADAMW = AdamW.lr(1e-3);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "mistral-window",
                "qwen2",
                "qwen3",
                "gemma2",
                "phi3-window",
                "gpt2",
                "gpt-neox"
            })
    void stages_on_threads_of_their_own_give_the_bits_of_one_stage(String name) throws Exception {
        var model = Model.load(Goldens.folder(name));
        var parts = batch(model.config(), 8, 20, 1).split(8);
        try (var whole = open(model, 1);
                var pipeline = new Pipeline(model, model.config().layers())) {
            float expected = 0;
            float loss = 0;
            for (int step = 1; step <= 3; step++) {
                whole.zeroGradients();
                expected = whole.forwardBackward(batch(model.config(), 8, 20, 1), 8);
                whole.step(ADAMW);
                loss = pipeline.step(step, parts);
            }

            assertThat(loss).isEqualTo(expected);
            assertThat(pipeline.digests()).isEqualTo(whole.weightsDigest());
        }
    }

    @Test
    void a_run_goes_on_from_the_state_of_another_split_to_the_bit() throws Exception {
        var model = Model.load(Goldens.folder("qwen2"));
        var batch = batch(model.config(), 2, 12, 3);
        try (var one = open(model, 3)) {
            one.forwardBackward(batch, 2);
            one.step(ADAMW);
            try (var state = one.state();
                    var other =
                            LocalRun.open(
                                    Engines.shared(),
                                    model,
                                    state,
                                    2,
                                    StageOptions.forTraining(1))) {
                one.zeroGradients();
                one.forwardBackward(batch, 2);
                other.forwardBackward(batch, 2);
                double norm = one.step(ADAMW);

                assertThat(other.step(ADAMW)).isCloseTo(norm, within(1e-9 * norm)).isPositive();
                assertThat(other.steps()).isEqualTo(one.steps()).isEqualTo(2);
                assertThat(other.weightsDigest()).isEqualTo(one.weightsDigest());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama, 1",
        "llama, 3",
        "qwen2, 2",
        "mistral-window, 1",
        "mistral-window, 4",
        "qwen3, 2",
        "gemma2, 1",
        "gemma2, 3",
        "gemma2-uncapped, 2",
        "phi3, 1",
        "phi3-window, 2",
        "gpt2, 1",
        "gpt2, 3",
        "gpt-neox, 2",
        "gpt-neox-sequential, 1"
    })
    void generates_what_full_forwards_would(String name, int stages) throws Exception {
        var model = Model.load(Goldens.folder(name));
        var prompt = List.of(17, 40, 3, 99, 25);
        try (var run = open(model, stages)) {
            var tokens = run.generate(prompt, 30, Sampling.greedy());

            var sequence = new ArrayList<>(prompt);
            for (int i = 0; i < 30; i++) {
                try (var logits = run.logits(row(sequence))) {
                    sequence.add(new Sampler(Sampling.greedy()).next(logits, sequence.size()));
                }
            }
            assertThat(tokens).isEqualTo(sequence.subList(prompt.size(), sequence.size()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "mistral-window",
                "qwen2",
                "qwen3",
                "gemma2",
                "phi3-window",
                "gpt2",
                "gpt-neox",
                "gemma2-uncapped"
            })
    void a_cache_gives_the_logits_of_a_full_forward_wherever_it_is_cut(String name)
            throws Exception {
        var model = Model.load(Goldens.folder(name));
        var tokens = batch(model.config(), 2, 24, 2).inputs().tokens();
        long vocabulary = model.config().vocabulary();
        try (var stage = whole(model);
                var full = stage.infer(tokens.toTensor())) {
            for (int cut = 1; cut < 24; cut += 5) {
                try (var cache = stage.openCache(2, 24)) {
                    stage.extend(cache, columns(tokens, 0, cut)).close();
                    stage.extend(cache, columns(tokens, cut, 24)).close();
                    cache.truncate(cut);
                    try (var last = stage.extend(cache, columns(tokens, cut, 24))) {

                        assertThat(cache.position()).isEqualTo(24);
                        assertThat(last).hasToString("F32 [2, 1, " + vocabulary + "]");
                        for (int row = 0; row < 2; row++) {
                            for (int id = 0; id < vocabulary; id++) {
                                assertThat(last.floatAt(row * vocabulary + id))
                                        .isCloseTo(
                                                full.floatAt((row * 24 + 23) * vocabulary + id),
                                                within(2e-5f));
                            }
                        }
                    }
                }
            }
        }
    }

    @Test
    void a_cache_refuses_more_than_its_room_and_other_rows() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var tokens = batch(model.config(), 2, 4, 3).inputs();
        try (var stage = whole(model);
                var other = whole(model);
                var cache = stage.openCache(2, 6)) {
            stage.extend(cache, tokens.toTensor()).close();

            assertThatThrownBy(() -> stage.extend(cache, tokens.toTensor()))
                    .hasMessage("input [2, 4]: the cache has 2 rows and room for 2 positions");
            assertThatThrownBy(() -> stage.extend(cache, tokens.rows(0, 1).toTensor()))
                    .hasMessageContaining("the cache has 2 rows");
            assertThatThrownBy(() -> other.extend(cache, tokens.toTensor()))
                    .hasMessage("a cache of another stage");
            assertThatThrownBy(() -> cache.truncate(5)).hasMessage("truncate to 5 of 4");
            assertThatThrownBy(() -> stage.openCache(1, 257))
                    .hasMessage("cache of 1 rows and 257 positions, context length 256");
            assertThat(cache.position()).isEqualTo(4);
            assertThat(cache.capacity()).isEqualTo(6);
        }
    }

    @Test
    void a_closed_cache_is_not_extended() throws Exception {
        try (var stage = whole(Model.load(Goldens.folder("llama")))) {
            var cache = stage.openCache(1, 6);
            cache.close();
            cache.close();

            assertThatThrownBy(() -> stage.extend(cache, row(List.of(1)).toTensor()))
                    .hasMessage("the cache is closed");
        }
    }

    @Test
    void a_cache_may_be_closed_after_its_stage() throws Exception {
        var stage = whole(Model.load(Goldens.folder("llama")));
        var cache = stage.openCache(1, 6);

        stage.close();
        cache.close();

        assertThat(cache.position()).isZero();
    }

    @Test
    void equal_seeds_give_equal_texts_in_any_number_of_stages_and_other_seeds_others()
            throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var prompt = List.of(1, 2, 3);
        try (var one = open(model, 1);
                var four = open(model, 4)) {
            var text = one.generate(prompt, 20, Sampling.seeded(1, 5));

            assertThat(four.generate(prompt, 20, Sampling.seeded(1, 5))).isEqualTo(text);
            assertThat(one.generate(prompt, 20, Sampling.seeded(1, 6))).isNotEqualTo(text);
        }
    }

    @Test
    void evaluating_gives_the_loss_of_training_and_changes_nothing() throws Exception {
        var model = Model.load(Goldens.folder("qwen2"));
        var batch = batch(model.config(), 4, 16, 4);
        try (var run = open(model, 2)) {
            var before = run.weightsDigest();

            float evaluated = run.evaluate(batch, 2);

            assertThat(run.forwardBackward(batch, 2)).isEqualTo(evaluated);
            assertThat(run.weightsDigest()).isEqualTo(before);
        }
    }

    @Test
    void labels_that_do_not_count_have_no_weight() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var inputs = Tokens.of(new long[] {1, 2, 3, 4}, new long[] {5, 6, 7, 8});
        var labels = Tokens.of(new long[] {1, 2, -100, 4}, new long[] {-100, -100, -100, -100});
        try (var run = open(model, 2);
                var logits = run.logits(inputs)) {
            double expected = -(logProbability(logits, 0, 2) + logProbability(logits, 2, 4)) / 2;

            assertThat((double) run.evaluate(new Batch(inputs, labels), 2))
                    .isCloseTo(expected, within(1e-6));
        }
    }

    @Test
    void trained_weights_can_be_taken_out_and_opened_again() throws Exception {
        var model = Model.load(Goldens.folder("qwen2"));
        var batch = batch(model.config(), 4, 16, 5);
        try (var run = open(model, 3)) {
            run.forwardBackward(batch, 2);
            run.step(ADAMW);
            try (var weights = run.weights();
                    var again = open(model.withWeights(weights), 1)) {
                assertThat(again.weightsDigest()).isEqualTo(run.weightsDigest());
                assertThat(again.evaluate(batch, 2)).isEqualTo(run.evaluate(batch, 2));
            }
        }
    }

    @Test
    void a_callers_gradient_goes_back_through_any_number_of_stages_with_the_same_bits()
            throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var inputs = batch(model.config(), 3, 16, 5).inputs();
        var digests = new HashSet<Digest>();
        for (int stages = 1; stages <= 4; stages++) {
            try (var run = open(model, stages);
                    var outputs = run.forward(inputs, 2);
                    var expected = run.logits(inputs);
                    var gradient = Tensor.allocate(DType.F32, outputs.shape())) {
                assertThat(outputs.shape()).isEqualTo(expected.shape());
                for (long i = 0; i < outputs.elements(); i++) {
                    assertThat(outputs.floatAt(i)).isCloseTo(expected.floatAt(i), within(1e-4f));
                    gradient.setFloat(i, outputs.floatAt(i) / (float) outputs.elements());
                }
                run.backward(gradient);
                assertThat(run.step(ADAMW)).isPositive();
                digests.add(run.weightsDigest());
                assertThatThrownBy(() -> run.backward(gradient))
                        .hasMessage("backward without a forward");
            }
        }

        assertThat(digests).hasSize(1);
    }

    @Test
    void refuses_more_stages_than_layers() throws Exception {
        var model = Model.load(Goldens.folder("llama"));

        assertThatThrownBy(() -> open(model, 5))
                .hasMessage("5 stages of a model that can be cut into 4");
    }

    private static double logProbability(Tensor logits, int position, int token) {
        double sum = 0;
        for (int id = 0; id < 512; id++) {
            sum += Math.exp(logits.floatAt(position * 512L + id));
        }
        return logits.floatAt(position * 512L + token) - Math.log(sum);
    }

    private static LocalRun open(Model model, int stages) throws Exception {
        return LocalRun.open(Engines.shared(), model, stages, StageOptions.forTraining(1));
    }

    private static Stage whole(Model model) throws Exception {
        return Engines.shared()
                .open(
                        model.config(),
                        model.config().allLayers(),
                        model.weights(),
                        StageOptions.forInference(1));
    }

    private static Tokens row(List<Integer> tokens) {
        return Tokens.of(tokens.stream().mapToLong(Integer::longValue).toArray());
    }

    private static Tensor columns(Tokens tokens, int first, int end) {
        var rows = new long[tokens.rows()][end - first];
        for (int row = 0; row < rows.length; row++) {
            for (int i = first; i < end; i++) {
                rows[row][i - first] = tokens.at(row, i);
            }
        }
        return Tokens.of(rows).toTensor();
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

    /** Stages on threads of their own, that hand each other tensors through queues. */
    private static final class Pipeline implements AutoCloseable {
        private final List<Stage> stages = new ArrayList<>();

        Pipeline(Model model, int count) throws Exception {
            for (var range : LayerRange.even(model.config().layers(), count)) {
                stages.add(
                        Engines.shared()
                                .open(
                                        model.config(),
                                        range,
                                        model.weights(),
                                        StageOptions.forTraining(1)));
            }
        }

        float step(int step, List<MicroBatch> parts) throws Exception {
            var forwards = queues(parts.size());
            var backwards = queues(parts.size());
            var loss = new AtomicReference<>(0f);
            var failure = new AtomicReference<Throwable>();
            var threads = new ArrayList<Thread>();
            for (int i = 0; i < stages.size(); i++) {
                int stage = i;
                threads.add(
                        Thread.startVirtualThread(() -> {
                            try {
                                run(stage, parts, forwards, backwards, loss);
                            } catch (Throwable e) {
                                failure.set(e);
                            }
                        }));
            }
            for (var thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            var first = stages.getFirst();
            var last = stages.getLast();
            var ofFirst = first.tiedGradient();
            first.prepare(last.tiedGradient());
            last.prepare(ofFirst);
            for (var stage : stages.subList(1, stages.size() - 1)) {
                stage.prepare(null);
            }
            for (var stage : stages) {
                stage.apply(step, ADAMW);
            }
            return loss.get();
        }

        private List<BlockingQueue<Tensor>> queues(int capacity) {
            var queues = new ArrayList<BlockingQueue<Tensor>>();
            for (int i = 0; i < stages.size(); i++) {
                queues.add(new ArrayBlockingQueue<>(capacity));
            }
            return queues;
        }

        private void run(
                int index,
                List<MicroBatch> parts,
                List<BlockingQueue<Tensor>> forwards,
                List<BlockingQueue<Tensor>> backwards,
                AtomicReference<Float> loss)
                throws Exception {
            var stage = stages.get(index);
            stage.zeroGradients();
            int count = stages.size();
            for (var step :
                    Schedule.ONE_F_ONE_B.steps(new PipelineShape(count, parts.size()), index)) {
                int m = step.microBatch();
                var part = parts.get(m);
                switch (step) {
                    case Step.Forward ignored when stage.last() -> {
                        float more =
                                stage.forwardLoss(
                                        m,
                                        forwards.get(index).take(),
                                        part.labels().toTensor(),
                                        part.labelCount());
                        loss.updateAndGet(sum -> sum + more);
                    }
                    case Step.Forward ignored ->
                            forwards.get(index + 1)
                                    .put(
                                            stage.forward(
                                                    m,
                                                    stage.first()
                                                            ? part.inputs().toTensor()
                                                            : forwards.get(index).take()));
                    case Step.Backward ignored -> {
                        var gradient =
                                stage.backward(
                                        m, stage.last() ? null : backwards.get(index).take());
                        if (gradient != null) {
                            backwards.get(index - 1).put(gradient);
                        }
                    }
                    case Step.InputGradient _, Step.WeightGradient _ ->
                            throw new IllegalStateException("1F1B has whole backwards");
                }
            }
        }

        Digest digests() throws Exception {
            Map<String, Digest> digests = new HashMap<>();
            for (var stage : stages) {
                digests.putAll(stage.digests());
            }
            return Digest.ofAll(digests);
        }

        @Override
        public void close() {
            stages.forEach(Stage::close);
        }
    }
}
