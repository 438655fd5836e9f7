package tensorlink.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.LayerRange;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Plan;
import tensorlink.jobs.party.Directory;
import tensorlink.p2p.peer.KeyPair;

/** The ends of a model on its user's machine, what is between them on others'. */
class HybridTest {
    @TempDir private Path folder;

    @ParameterizedTest(name = "{0} first and {1} last layers here, {2} workers, tied: {3}")
    @CsvSource({
        "1, 0, 1, false",
        "0, 1, 2, false",
        "1, 1, 1, false",
        "1, 1, 2, true",
        "0, 2, 1, true",
        "2, 0, 2, true"
    })
    void training_gives_the_bits_of_one_process(int first, int last, int workers, boolean tied)
            throws Exception {
        var start = model(tied);
        var options =
                JobOptions.training()
                        .workers(workers)
                        .batch(4, 16)
                        .microBatches(2)
                        .here(first, last);
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            for (int worker = 0; worker < workers; worker++) {
                lab.worker();
            }
            try (var model = lab.user().create(start, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forTraining(1))) {
                trainBoth(model, alone, 1, 3);

                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
                var plan = model.plan();
                assertThat(plan.firstHere()).isEqualTo(first);
                assertThat(plan.lastHere()).isEqualTo(last);
                assertThat(plan.workers()).hasSize(workers);
                assertThat(Plan.parse(plan.text())).isEqualTo(plan);
            }
            lab.assertNothingIsLeft();
        }
    }

    @ParameterizedTest(name = "tied: {0}")
    @CsvSource({"false", "true"})
    void generation_gives_the_tokens_of_one_process(boolean tied) throws Exception {
        var start = model(tied);
        var options = JobOptions.inference().workers(1).batch(1, 32).here(1, 1);
        var prompt = List.of(1, 2, 3, 4);
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            try (var model = lab.user().create(start, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forInference(1))) {
                var tokens = model.generate(prompt, GenerateOptions.greedy(8), _ -> {});

                assertThat(tokens).isEqualTo(alone.generate(prompt, 8, Sampling.greedy()));
            }
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_plan_that_is_given_says_what_is_here() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            var one = lab.worker().party().id();
            var two = lab.worker().party().id();
            var plan =
                    Plan.parse(
                            "layer 0 on here\nlayers 1-2 on %s\nlayer 3 on %s\nlayers 4-5 on here"
                                    .formatted(two, one));
            var options = JobOptions.training().batch(4, 16).microBatches(2).plan(plan);
            var start = model(false);

            try (var model = lab.user().create(start, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forTraining(1))) {
                assertThat(model.plan()).isEqualTo(plan);
                trainBoth(model, alone, 1, 2);
                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_worker_that_is_lost_is_replaced_and_what_is_here_stays_here() throws Exception {
        var options =
                JobOptions.training()
                        .workers(1)
                        .batch(4, 16)
                        .microBatches(2)
                        .checkpointEvery(2)
                        .here(2, 0);
        var start = model(false);
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            var killed = lab.worker(Faults.midway(Faults.Point.BACKWARD, true));
            try (var model = lab.user().create(start, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forTraining(1))) {
                var other = lab.worker();
                trainBoth(model, alone, 1, 6);

                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(model.plan().firstHere()).isEqualTo(2);
                assertThat(model.plan().workers())
                        .containsExactly(other.party().id())
                        .doesNotContain(killed.party().id());
            }
        }
    }

    @Test
    void nothing_is_left_of_a_node_of_the_users_own() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            var options = JobOptions.training().workers(1).batch(4, 16).here(1, 1);
            long before = folders();

            lab.user().create(model(false), options, JobListener.silent()).close();

            assertThat(folders()).as("the user's is new").isEqualTo(before + 1);
            lab.assertNothingIsLeft();
        }
    }

    private long folders() throws Exception {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith("12D3")).count();
        }
    }

    @Test
    void what_cannot_be_is_refused_before_anybody_is_asked() throws Exception {
        var worker = KeyPair.generate().peerId();
        var options = JobOptions.training().batch(4, 16);
        try (var lab = new Lab(folder, Patience.enough())) {
            var user = lab.user();

            assertRefused(user, options.here(3, 3), "6 of 6 layers are to stay here");
            assertRefused(
                    user,
                    options.here(Integer.MAX_VALUE, Integer.MAX_VALUE),
                    "4294967294 of 6 layers are to stay here");
            assertRefused(
                    user,
                    options.plan(
                            new Plan(
                                    List.of(
                                            new Plan.Part(new LayerRange(0, 4), worker),
                                            new Plan.Part(
                                                    new LayerRange(4, 7), new Plan.Place.Here())))),
                    "its plan has 7 layers, the model 6");
            assertThatThrownBy(() -> options.here(-1, 0))
                    .hasMessage("-1 layers here at the beginning, 0 at the end");
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_node_of_a_users_own_takes_nobody_elses_layers() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            var options = JobOptions.training().workers(1).batch(4, 16).microBatches(2);
            try (var _ =
                    lab.user().create(model(false), options.here(1, 0), JobListener.silent())) {
                var own = lab.register(Directory.Role.WORKER, lab.ownParties().getFirst());

                assertThatThrownBy(() ->
                                lab.user()
                                        .create(
                                                model(false),
                                                options.on(List.of(own.id())),
                                                JobListener.silent()))
                        .isInstanceOf(JobException.class)
                        .hasMessageContaining("this node works for another user alone");
            }
            lab.assertNothingIsLeft();
        }
    }

    private static void assertRefused(JobClient user, JobOptions options, String why) {
        assertThatThrownBy(() -> user.create(model(false), options, JobListener.silent()))
                .isInstanceOf(JobException.class)
                .hasMessageContaining(why);
    }

    private static void trainBoth(DistributedModel model, LocalRun alone, int from, int to)
            throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        for (int step = from; step <= to; step++) {
            var batch = Lab.batch(step);
            optimizer.zeroGrad();
            var loss = model.forward(batch.inputs(), batch.labels());
            loss.backward();
            optimizer.step();
            alone.zeroGradients();
            assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
            alone.step(AdamW.lr(1e-2));
        }
    }

    /** Of six layers. */
    private static Model model(boolean tied) {
        try {
            var json =
                    """
                    {"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                     "hidden_size": 32, "num_hidden_layers": 6, "num_attention_heads": 4,
                     "num_key_value_heads": 4, "intermediate_size": 64, "vocab_size": 256,
                     "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
                     "hidden_act": "silu", "tie_word_embeddings": %s}\
                    """
                            .formatted(tied);
            var config = ModelConfig.parse("config.json", json.getBytes(UTF_8));
            return Model.initialize(config, Tokenizer.bytes(), 5);
        } catch (ModelFormatException ours) {
            throw new IllegalStateException(ours);
        }
    }
}
