package tensorlink.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Frozen;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Lora;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Faults.Point;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Plan;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.peer.PeerId;

/** Trainings whose stages have replicas, beside one process that adds in the same order. */
@Timeout(120)
class ReplicasTest {
    private static final int STEPS = 4;
    private static final int MICRO_BATCHES = 6;
    private static final double MAX_NORM = 0.5;

    @TempDir private Path folder;
    private Lab lab;
    private final List<Recovered> recoveries = new ArrayList<>();
    private final JobListener heard =
            new JobListener() {
                @Override
                public void recovered(Recovered event) {
                    recoveries.add(event);
                }
            };

    /** What a training comes to. */
    private record Result(List<Number> told, Digest weights) {}

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        lab.validator();
    }

    @AfterEach
    void close() throws IOException {
        lab.assertNothingIsLeft();
        lab.close();
    }

    private void workers(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            lab.worker();
        }
    }

    /** Dropout, and an embedding that is the head as well. */
    private static Model model() throws Exception {
        var json =
                """
                {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 32,
                 "n_layer": 3, "n_head": 4, "n_positions": 64, "vocab_size": 256,
                 "bos_token_id": 0, "eos_token_id": 0}\
                """;
        var config = ModelConfig.parse("config.json", json.getBytes(UTF_8));
        return Model.initialize(config, Tokenizer.bytes(), 3);
    }

    private static Batch batch(long seed) {
        var random = new SplittableRandom(seed);
        var rows = new long[MICRO_BATCHES][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(16, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }

    private static TrainingOptions adamW(int replicas) {
        return TrainingOptions.with(AdamW.lr(1e-2)).withSeed(9).withReplicas(replicas);
    }

    private static JobOptions options(int stages, TrainingOptions how) {
        return JobOptions.training()
                .workers(stages)
                .batch(MICRO_BATCHES, 16)
                .microBatches(MICRO_BATCHES)
                .checkpointEvery(2)
                .how(how);
    }

    private static Result undisturbed(Model model, TrainingOptions how) throws Exception {
        try (var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(how, 1))) {
            var told = new ArrayList<Number>();
            for (int step = 1; step <= STEPS; step++) {
                alone.zeroGradients();
                told.add(alone.forwardBackward(batch(step), MICRO_BATCHES));
                told.add(alone.forwardBackward(batch(10 + step), MICRO_BATCHES));
                told.add(alone.step(how.optimizer(), MAX_NORM));
            }
            return new Result(told, alone.weightsDigest());
        }
    }

    private static List<Number> train(DistributedModel model, TrainingOptions how, int from, int to)
            throws Exception {
        var optimizer = model.optimizer(how.optimizer()).clipNorm(MAX_NORM);
        var told = new ArrayList<Number>();
        for (int step = from; step <= to; step++) {
            optimizer.zeroGrad();
            var first = batch(step);
            var loss = model.forward(first.inputs(), first.labels());
            loss.backward();
            var second = batch(10 + step);
            var called = model.forward(second.inputs(), second.labels());
            float value = called.value(); // the backwards then wait for the call
            called.backward();
            told.add(loss.value());
            told.add(value);
            told.add(optimizer.step());
        }
        return told;
    }

    private Result train(Model of, int stages, TrainingOptions how) throws Exception {
        try (var model = lab.user().create(of, options(stages, how), heard)) {
            var told = train(model, how, 1, STEPS);
            return new Result(told, model.weightsDigest());
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "2, 2", "3, 1", "2, 3"})
    void replicas_of_any_split_give_the_bits_of_one_process(int replicas, int stages)
            throws Exception {
        workers(replicas * stages);

        for (var rule : List.of(AdamW.lr(1e-2), new Sgd(0.1, 0.9, 0, 0, false))) {
            var how = TrainingOptions.with(rule).withSeed(9).withReplicas(replicas);
            assertThat(train(model(), stages, how)).isEqualTo(undisturbed(model(), how));
        }
    }

    @Test
    void so_do_other_schedules_bf16_and_adapters() throws Exception {
        workers(4);
        var zeroBubble = adamW(2).withSchedule(Schedule.ZB_H1);
        var narrow = adamW(2).withPrecision(Precision.BF16);
        var adapted = Lab.model().withLora(new Lora(4, 8, List.of("q_proj", "v_proj")), 1);
        var adapters = adamW(2).withFrozen(Lora.base(adapted.config()));

        assertThat(train(model(), 2, zeroBubble)).isEqualTo(undisturbed(model(), zeroBubble));
        assertThat(train(model(), 2, narrow)).isEqualTo(undisturbed(model(), narrow));
        assertThat(train(adapted, 2, adapters)).isEqualTo(undisturbed(adapted, adapters));
    }

    /** A frozen stage has nothing to add up; one in part, and a tied embedding, have something. */
    @ParameterizedTest
    @CsvSource({"2, 1", "2, 3", "3, 2"})
    void frozen_layers_stay_as_they_are_in_all_replicas(int replicas, int stages) throws Exception {
        workers(replicas * stages);
        var config = model().config();
        for (var frozen :
                List.of(
                        Frozen.first(config, 0),
                        Frozen.first(config, 2),
                        new Frozen(List.of("transformer.h.2.*", "*.bias")))) {
            var how = adamW(replicas).withFrozen(frozen);

            var result = train(model(), stages, how);

            assertThat(result).isEqualTo(undisturbed(model(), how));
            assertThat(result.weights())
                    .isNotEqualTo(undisturbed(model(), adamW(replicas)).weights());
        }
    }

    static Stream<Arguments> points() {
        return Stream.concat(
                Stream.of(Point.values()).map(point -> Arguments.of(point, true)),
                Stream.of(Arguments.of(Point.SUMMING, false), Arguments.of(Point.SUMMED, false)));
    }

    @ParameterizedTest
    @MethodSource("points")
    void a_replica_killed_anywhere_costs_time_and_no_bit(Point point, boolean lastStage)
            throws Exception {
        int passes =
                switch (point) {
                    case FORWARD, BACKWARD, SENDING -> 30;
                    case SUMMING, SUMMED -> 12;
                    case PREPARING, PREPARED, APPLYING, APPLIED -> 5;
                    case CHECKPOINTING -> 0;
                };
        var faults = new Faults(point, lastStage, passes, 1);
        for (int i = 0; i < 5; i++) {
            lab.worker(faults);
        }

        var result = train(model(), 2, adamW(2));

        assertThat(result).isEqualTo(undisturbed(model(), adamW(2)));
        assertThat(recoveries).hasSize(1);
        assertThat(recoveries.getFirst().workers()).hasSize(4);
    }

    @Test
    void replicas_cut_off_from_everybody_keep_their_stages_and_go_on() throws Exception {
        lab.close();
        lab = new Lab(folder.resolve("held"), Patience.enough().grace(Duration.ofSeconds(20)));
        lab.validator();
        var workers = new ArrayList<PeerId>();
        for (int i = 0; i < 4; i++) {
            workers.add(lab.worker().party().id());
        }
        var party = lab.party();
        var how = adamW(2);
        try (var model = lab.user(party).create(model(), options(2, how), heard)) {
            var told = new ArrayList<>(train(model, how, 1, 2));
            party.host().connections().forEach(Connection::close);
            told.addAll(train(model, how, 3, STEPS));

            assertThat(new Result(told, model.weightsDigest()))
                    .isEqualTo(undisturbed(model(), how));
        }
        assertThat(recoveries).hasSize(1);
        assertThat(recoveries.getFirst().replayed()).isZero();
        assertThat(recoveries.getFirst().workers()).hasSameElementsAs(workers);
    }

    @Test
    void a_replica_that_differs_fails_the_job_and_is_named() throws Exception {
        var honest = lab.worker().party().id();
        var liar = lab.worker(new Faults(Point.FORWARD, true, 99, 0).withLiesThereafter());
        var pinned =
                options(1, adamW(2)).on(List.of(honest, liar.party().id())).patience(Duration.ZERO);
        var model = lab.user().create(model(), pinned, heard);

        assertThatThrownBy(() -> train(model, adamW(2), 1, 1))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-008: replicas of stage 0 differ")
                .hasMessageContaining(
                        "worker "
                                + liar.party().id()
                                + ", stage 0 of replica 1, has other gradients in step 1");
        model.close();
    }

    @Test
    void the_last_rows_of_an_epoch_are_shared_as_evenly_as_can_be() throws Exception {
        workers(3);
        var how = adamW(3);
        var rows = batch(1).inputs().tokens().rows(0, 5);
        try (var model = lab.user().create(model(), options(1, how), heard);
                var alone =
                        LocalRun.open(Lab.ENGINE, model(), 1, StageOptions.forTraining(how, 1))) {
            model.forward(rows, rows).backward();
            alone.forwardBackward(Batch.of(rows), 5);
            model.optimizer(how.optimizer()).step();
            alone.step(how.optimizer());

            assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        }
    }

    @Test
    void gradients_values_and_results_are_those_of_one_process() throws Exception {
        workers(4);
        var how = adamW(2);
        try (var model = lab.user().create(model(), options(2, how), heard);
                var alone =
                        LocalRun.open(Lab.ENGINE, model(), 2, StageOptions.forTraining(how, 1))) {
            var batch = batch(1);
            model.forward(batch.inputs(), batch.labels()).backward();
            alone.forwardBackward(batch, MICRO_BATCHES);
            requireSameGradients(model, alone);
            var optimizer = model.optimizer(how.optimizer());
            optimizer.step();
            alone.step(how.optimizer());

            requireSameGradients(model, alone); // which stay until they are zeroed
            model.eval();
            for (int rows : new int[] {1, 3, 6}) {
                var some = batch.inputs().tokens().rows(0, rows);
                assertThat(model.forward(some, some).value())
                        .isEqualTo(alone.evaluate(Batch.of(some), rows));
                try (var outputs = model.forward(some);
                        var expected = alone.logits(some)) {
                    assertThat(outputs.tensor().shape()).isEqualTo(expected.shape());
                }
            }
            assertThat(model.generate(List.of(1, 2, 3), GenerateOptions.greedy(4), _ -> {}))
                    .isEqualTo(alone.generate(List.of(1, 2, 3), 4, Sampling.greedy()));
            try (var state = model.stateDict()) {
                assertThat(state.tensors()).isEqualTo(model.parameters());
            }
            var layers =
                    model.report().stages().stream().map(JobReport.StageReport::layers).toList();
            assertThat(layers).hasSize(4);
            assertThat(layers.subList(2, 4)).isEqualTo(layers.subList(0, 2));
        }
    }

    private static void requireSameGradients(DistributedModel model, LocalRun alone)
            throws Exception {
        for (var parameter : model.parameters()) {
            try (var actual = model.gradient(parameter.name());
                    var expected = alone.gradient(parameter.name())) {
                assertThat(Digest.of(actual.data()))
                        .as(parameter.name())
                        .isEqualTo(Digest.of(expected.data()));
            }
        }
    }

    @Test
    void a_loss_on_the_user_goes_back_through_all_replicas() throws Exception {
        workers(2);
        var how = adamW(2);
        var tokens = batch(1).inputs().tokens();
        try (var model = lab.user().create(model(), options(1, how), heard);
                var alone =
                        LocalRun.open(Lab.ENGINE, model(), 1, StageOptions.forTraining(how, 1));
                var outputs = model.forward(tokens);
                var expected = alone.forward(tokens, MICRO_BATCHES)) {
            assertThat(Digest.of(outputs.tensor().data())).isEqualTo(Digest.of(expected.data()));

            outputs.backward(expected);
            alone.backward(expected);
            model.optimizer(how.optimizer()).step();
            alone.step(how.optimizer());

            assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        }
    }

    @Test
    void a_plan_of_replicas_is_kept_to() throws Exception {
        var text = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            text.append(i % 2 == 0 ? "layers 0-1 on " : "layer 2 on ")
                    .append(lab.worker().party().id())
                    .append('\n');
        }
        var plan = Plan.parse(text.toString());
        var options = options(0, adamW(1)).plan(plan);
        try (var model = lab.user().create(model(), options, heard)) {
            assertThat(model.replicas()).isEqualTo(2);
            assertThat(
                            model.report().stages().stream()
                                    .map(it -> new Plan.Part(it.layers(), it.worker())))
                    .isEqualTo(plan.stages());
            train(model, adamW(2), 1, 1);
        }
    }

    @Test
    void what_replicas_cannot_do_is_refused() throws Exception {
        workers(3);
        var user = lab.user();

        refused(
                user,
                options(1, adamW(4)),
                "micro-batches 6, expected a multiple of the 4 replicas");
        refused(user, options(2, adamW(2)), "4 workers wanted, 3 can be had");
        refused(
                user,
                options(1, adamW(2)).on(List.of(lab.worker().party().id())),
                "1 pinned workers for 2 replicas");
        var graph = LayerGraph.builder();
        graph.linear("out", graph.batchNorm("norm", graph.input("in", 4)), 3);
        var statistics = Model.initialize(graph.build(GraphLoss.CROSS_ENTROPY), 1);
        var ofGraph = JobOptions.training().batch(4, 1).microBatches(2).replicas(2);
        assertThatThrownBy(() -> user.create(statistics, ofGraph, heard))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("replicas 2, at most 1 for a model with running statistics");
        try (var model = user.create(model(), options(1, adamW(2)), heard)) {
            var one = batch(1).inputs().tokens().rows(0, 1);
            assertThatThrownBy(() -> model.forward(one, one))
                    .isInstanceOf(JobException.class)
                    .hasMessageContaining("rows 1, at least 1 for each of 2 replicas");
        }
    }

    private void refused(JobClient user, JobOptions options, String why) {
        assertThatThrownBy(() -> user.create(model(), options.patience(Duration.ZERO), heard))
                .isInstanceOfSatisfying(
                        JobException.class,
                        refusal ->
                                assertThat(refusal.code())
                                        .isIn(ProblemCode.MALFORMED, ProblemCode.NO_CAPACITY))
                .hasMessageContaining(why);
    }
}
