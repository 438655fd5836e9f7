package tensorlink.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Frozen;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.LearningRateSchedule;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** A distributed model as its user sees it, rightly and wrongly used, beside one process. */
@Timeout(60)
class DistributedModelTest {
    private static final String NORM = "model.norm.weight";
    private static final JobOptions OPTIONS =
            JobOptions.training().workers(2).batch(4, 16).microBatches(2);

    @TempDir private Path folder;
    private Lab lab;
    private JobClient user;
    private DistributedModel model;
    private LocalRun alone;

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        lab.validator();
        lab.worker();
        lab.worker();
        user = lab.user();
        model = user.create(Lab.model(), OPTIONS, JobListener.silent());
        alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1));
    }

    @AfterEach
    void close() throws IOException {
        model.close();
        alone.close();
        lab.assertNothingIsLeft();
        lab.close();
    }

    private static Loss forward(DistributedModel model, long seed) throws Exception {
        var batch = Lab.batch(seed);
        return model.forward(batch.inputs(), batch.labels());
    }

    private void assertGradientsAreAsAlone() throws Exception {
        try (var ours = model.gradient(NORM);
                var theirs = alone.gradient(NORM)) {
            assertThat(floats(ours)).isEqualTo(floats(theirs));
        }
    }

    private static List<Float> floats(Tensor tensor) {
        var values = new java.util.ArrayList<Float>();
        for (long i = 0; i < tensor.elements(); i++) {
            values.add(tensor.floatAt(i));
        }
        return values;
    }

    @Test
    void a_step_needs_gradients() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        assertThatThrownBy(optimizer::step)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("call backward");

        forward(model, 1).backward();
        optimizer.zeroGrad();

        assertThatThrownBy(optimizer::step).isInstanceOf(IllegalStateException.class);
        assertThat(optimizer.steps()).isZero();
    }

    @Test
    void workers_leave_what_is_frozen_as_it_is_also_where_two_of_them_share_it() throws Exception {
        var json =
                """
                {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 3,
                 "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 256,
                 "max_position_embeddings": 64, "tie_word_embeddings": true}\
                """;
        var config = ModelConfig.parse("config.json", json.getBytes(UTF_8));
        var tied = Model.initialize(config, Tokenizer.bytes(), 3);
        var rule = AdamW.lr(1e-2);
        var how = TrainingOptions.with(rule).withFrozen(Frozen.first(config, 1));
        var batch = Lab.batch(1);
        try (var there = user.create(tied, OPTIONS.how(how), JobListener.silent());
                var here = LocalRun.open(Lab.ENGINE, tied, 1, StageOptions.forTraining(how, 1))) {
            var before = there.digests();
            var optimizer = there.optimizer(rule).clipNorm(0.5);
            for (int step = 0; step < 2; step++) {
                optimizer.zeroGrad();
                there.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
                here.zeroGradients();
                here.forwardBackward(batch, 2);
                here.step(rule, 0.5);
            }

            var after = there.digests();
            assertThat(there.weightsDigest()).isEqualTo(here.weightsDigest());
            for (var name : after.keySet()) {
                assertThat(after.get(name).equals(before.get(name)))
                        .as(name)
                        .isEqualTo(how.frozen().holds(name));
            }
        }
    }

    @Test
    void backward_is_called_once() throws Exception {
        var loss = forward(model, 1);
        loss.backward();

        assertThatThrownBy(loss::backward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("called before");
    }

    @Test
    void a_loss_whose_forwards_were_superseded_has_no_backward() throws Exception {
        var first = forward(model, 1);
        float value = first.value();
        forward(model, 2).value();

        assertThatThrownBy(first::backward).hasMessageContaining("another batch has come since");
        assertThat(first.value()).isEqualTo(value);
    }

    @Test
    void a_model_in_evaluation_gives_values_without_backwards() throws Exception {
        model.eval();
        var loss = forward(model, 1);

        assertThat(loss.value()).isPositive();
        assertThatThrownBy(loss::backward).hasMessageContaining("in evaluation");

        model.train();
        forward(model, 1).backward();
    }

    @Test
    void gradients_add_up_over_batches_until_they_are_dropped() throws Exception {
        forward(model, 1).backward();
        var second = forward(model, 2);
        second.value();
        second.backward();

        alone.zeroGradients();
        alone.forwardBackward(Lab.batch(1), 2);
        alone.forwardBackward(Lab.batch(2), 2);
        assertGradientsAreAsAlone();
    }

    @Test
    void zero_grad_between_value_and_backward_drops_what_was_before() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        forward(model, 1).backward();
        var second = forward(model, 2);
        second.value();
        optimizer.zeroGrad();
        second.backward();

        alone.zeroGradients();
        alone.forwardBackward(Lab.batch(2), 2);
        assertGradientsAreAsAlone();

        forward(model, 3).backward();
        alone.forwardBackward(Lab.batch(3), 2);
        assertGradientsAreAsAlone();
    }

    @Test
    void gradients_stay_after_a_step_as_in_one_process() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        forward(model, 1).backward();
        optimizer.step();
        optimizer.use(AdamW.lr(1e-3));
        optimizer.step();

        alone.zeroGradients();
        alone.forwardBackward(Lab.batch(1), 2);
        alone.step(AdamW.lr(1e-2));
        alone.step(AdamW.lr(1e-3));
        assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        assertThat(optimizer.steps()).isEqualTo(2);
        assertThat(optimizer.rule()).isEqualTo(AdamW.lr(1e-3));
    }

    @Test
    void its_state_goes_on_in_one_process_to_the_bit() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        forward(model, 1).backward();
        double norm = optimizer.step();
        var copy = new AtomicReference<StageState>();
        model.readState(state -> copy.set(state.copy()));
        try (var state = copy.get();
                var here =
                        LocalRun.open(
                                Lab.ENGINE, Lab.model(), state, 1, StageOptions.forTraining(1))) {
            optimizer.zeroGrad();
            forward(model, 2).backward();
            optimizer.step();
            here.forwardBackward(Lab.batch(2), 2);
            here.step(AdamW.lr(1e-2));

            assertThat(here.steps()).isEqualTo(2);
            assertThat(here.weightsDigest()).isEqualTo(model.weightsDigest());
        }
        alone.forwardBackward(Lab.batch(1), 2);
        assertThat(alone.step(AdamW.lr(1e-2))).isCloseTo(norm, within(1e-9 * norm));
    }

    @Test
    void its_parts_and_parameters_have_the_names_of_pytorch() throws Exception {
        assertThat(model.children())
                .extracting(RemoteModule::name)
                .containsExactly("model", "lm_head");
        var decoder = model.children().getFirst();
        assertThat(decoder.children())
                .extracting(RemoteModule::path)
                .containsExactly("model.embed_tokens", "model.layers", "model.norm");
        var first = decoder.children().get(1).children().getFirst();
        assertThat(first.path()).isEqualTo("model.layers.0");
        assertThat(first.children())
                .extracting(RemoteModule::name)
                .contains("self_attn", "mlp", "input_layernorm");
        assertThat(decoder.children().getLast().children()).isEmpty();
        assertThat(model.children().stream().mapToLong(RemoteModule::parameterCount).sum())
                .isEqualTo(model.parameterCount());

        var norm = Objects.requireNonNull(model.namedParameters().get(NORM));
        assertThat(norm).hasToString(NORM + " F32 [32]");
        assertThat(model.namedParameters().keySet())
                .containsExactlyElementsOf(
                        model.parameters().stream().map(it -> it.name()).toList());
        forward(model, 1).backward();
        alone.forwardBackward(Lab.batch(1), 2);
        try (var value = norm.value();
                var gradient = norm.gradient();
                var expected = alone.gradient(NORM)) {
            assertThat(floats(value)).containsOnly(1f);
            assertThat(floats(gradient)).isEqualTo(floats(expected));
        }
    }

    @Test
    void a_state_dictionary_is_a_copy_of_all_parameters() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        forward(model, 1).backward();
        optimizer.step();
        var then = model.weightsDigest();
        try (var copy = model.stateDict()) {
            optimizer.step();

            assertThat(copy.tensors()).isEqualTo(model.parameters());
            try (var run =
                    LocalRun.open(
                            Lab.ENGINE,
                            Lab.model().withWeights(copy),
                            1,
                            StageOptions.forInference(1))) {
                assertThat(run.weightsDigest()).isEqualTo(then);
                assertThat(model.weightsDigest()).isNotEqualTo(then);
            }
        }
    }

    @Test
    void any_rule_for_which_there_is_room_moves_the_weights_as_in_one_process() throws Exception {
        var rules =
                List.of(
                        Adafactor.lr(1e-2),
                        Sgd.lr(1e-2).withNesterovMomentum(0.9),
                        Adagrad.lr(1e-2),
                        RmsProp.lr(1e-3).withCentered(),
                        Adam.lr(1e-3));
        var optimizer = model.optimizer(rules.getFirst());
        forward(model, 1).backward();
        alone.zeroGradients();
        alone.forwardBackward(Lab.batch(1), 2);
        for (var rule : rules) {
            optimizer.use(rule);
            optimizer.step();
            alone.step(rule);
        }

        assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        assertThatThrownBy(() -> optimizer.use(Adam.lr(1).withAmsgrad()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("remembers more than AdamW");
    }

    @Test
    void clips_over_all_workers_and_follows_a_schedule_as_in_one_process() throws Exception {
        var rule = AdamW.lr(1e-2);
        var optimizer =
                model.optimizer(rule)
                        .schedule(new LearningRateSchedule.Linear(2, 5))
                        .clipNorm(0.25);
        for (int step = 1; step <= 3; step++) {
            optimizer.zeroGrad();
            forward(model, step).backward();
            optimizer.step();

            alone.zeroGradients();
            alone.forwardBackward(Lab.batch(step), 2);
            double rate = rule.learningRate() * List.of(0.0, 0.5, 1.0).get(step - 1);
            assertThat(optimizer.gradientNorm())
                    .isEqualTo(alone.step(rule.withLearningRate(rate), 0.25))
                    .isGreaterThan(0.25);
        }

        assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        assertThat(optimizer.learningRate()).isEqualTo(1e-2 * (2.0 / 3));
        assertThatThrownBy(() -> optimizer.clipNorm(0)).hasMessageContaining("0.0");
    }

    @Test
    void what_is_no_batch_of_this_job_is_refused_and_the_job_goes_on() throws Exception {
        var wide = Tokens.of(new long[5][16]);
        assertThatThrownBy(() -> model.forward(wide, wide))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-007")
                .hasMessageContaining("3 x 16, agreed were 2 x 16");
        var strange = Tokens.of(new long[] {1, 256});
        assertThatThrownBy(() -> model.forward(strange, strange))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("token 256 outside of the vocabulary of 256");
        var fine = Tokens.of(new long[] {1, 2});
        assertThatThrownBy(() -> model.evaluate(fine, Tokens.of(new long[] {1, -1})))
                .hasMessage("label -1 outside of the vocabulary of 256");
        assertThatThrownBy(() -> model.logits(strange))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> model.generate(List.of(-1), GenerateOptions.greedy(1), _ -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> model.generate(List.of(1), GenerateOptions.greedy(16), _ -> {}))
                .hasMessageContaining("TL-JOB-007");
        assertThatThrownBy(() -> model.parameter("no.such")).hasMessageContaining("no.such");

        assertThat(model.evaluate(fine, Tokens.of(new long[] {1, 2}))).isPositive();
        assertThat(model.evaluate(fine, Tokens.of(new long[] {Batch.IGNORED, 2}))).isPositive();
    }

    @Test
    void generates_what_one_process_does_many_times_in_a_row() throws Exception {
        var prompt = List.of(1, 2, 3);
        var expected = alone.generate(prompt, 8, Sampling.greedy());

        for (int i = 0; i < 8; i++) {
            var told = new java.util.ArrayList<Integer>();
            assertThat(model.generate(prompt, GenerateOptions.greedy(8), told::add))
                    .isEqualTo(expected);
            assertThat(told).isEqualTo(expected);
        }
        var stop = new GenerateOptions(8, Sampling.greedy(), List.of(expected.get(2)));
        assertThat(model.generate(prompt, stop, _ -> {}))
                .isEqualTo(expected.subList(0, expected.indexOf(expected.get(2))));
    }

    @Test
    void after_close_everything_says_so_and_closing_again_is_nothing() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        var unasked = forward(model, 1);
        var asked = forward(model, 2);
        float value = asked.value();
        model.close();
        model.close();

        assertThatThrownBy(() -> forward(model, 1)).hasMessageContaining("TL-JOB-009");
        assertThatThrownBy(unasked::value).hasMessageContaining("is over");
        assertThatThrownBy(unasked::backward).hasMessageContaining("is over");
        assertThatThrownBy(optimizer::step).hasMessageContaining("is over");
        assertThatThrownBy(model::digests).hasMessageContaining("is over");
        assertThatThrownBy(() -> model.save(folder.resolve("out"))).hasMessageContaining("is over");
        assertThat(asked.value()).isEqualTo(value);
        assertThat(user.report(model.job()).orElseThrow().state())
                .isEqualTo(new JobState.Completed());
    }

    @Test
    void losses_can_be_asked_for_after_the_steps() throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        var losses = new java.util.ArrayList<Loss>();
        for (int step = 1; step <= 3; step++) {
            optimizer.zeroGrad();
            losses.add(forward(model, step));
            losses.getLast().backward();
            optimizer.step();
        }

        for (int step = 1; step <= 3; step++) {
            alone.zeroGradients();
            assertThat(losses.get(step - 1).value())
                    .isEqualTo(alone.forwardBackward(Lab.batch(step), 2));
            alone.step(AdamW.lr(1e-2));
        }
    }

    @Test
    void an_inference_job_does_not_train() throws Exception {
        var inference =
                user.create(Lab.model(), JobOptions.inference().batch(1, 16), JobListener.silent());
        try (inference) {
            assertThatThrownBy(() -> inference.optimizer(AdamW.lr(1)))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(inference::train).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> inference.gradient(NORM))
                    .isInstanceOf(JobException.class)
                    .hasMessageContaining("TL-MOD-003");
            var prompt = List.of(1, 2, 3);
            var expected = alone.generate(prompt, 2, Sampling.greedy());
            for (int i = 0; i < 30; i++) {
                // Each has room for one generation's cache, so the last one's must be gone.
                assertThat(inference.generate(prompt, GenerateOptions.greedy(2), _ -> {}))
                        .isEqualTo(expected);
            }
        }
    }
}
