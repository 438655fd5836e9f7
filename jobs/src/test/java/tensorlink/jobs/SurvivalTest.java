package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.child.ChildEngine;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Faults.Point;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.p2p.core.Connection;

/** Trainings whose workers, or whose user, are lost on the way, beside one where nobody is. */
@Timeout(120)
class SurvivalTest {
    private static final int STEPS = 6;
    private static final JobOptions OPTIONS =
            JobOptions.training().workers(2).batch(4, 16).microBatches(2).checkpointEvery(2);

    @TempDir private Path folder;
    private Lab lab;
    private final Heard heard = new Heard();

    /** A listener that notes what it hears. */
    private static final class Heard implements JobListener {
        final List<Recovered> recoveries = new ArrayList<>();
        final List<String> warnings = new ArrayList<>();
        Runnable onWarning = () -> {};
        boolean started;

        @Override
        public void recovered(Recovered event) {
            recoveries.add(event);
        }

        @Override
        public void warned(String warning) {
            warnings.add(warning);
            onWarning.run();
        }
    }

    /** What a training comes to. */
    private record Result(List<Float> losses, Digest weights) {}

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough().grace(Duration.ofSeconds(1)));
        lab.validator();
    }

    @AfterEach
    void close() throws IOException {
        lab.assertNothingIsLeft();
        lab.close();
    }

    private static AdamW rule(int step) {
        return AdamW.lr(1e-2 / step);
    }

    private static Result undisturbed() throws Exception {
        try (var alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
            var losses = new ArrayList<Float>();
            for (int step = 1; step <= STEPS; step++) {
                alone.zeroGradients();
                losses.add(alone.forwardBackward(Lab.batch(step), 2));
                alone.step(rule(step));
            }
            return new Result(losses, alone.weightsDigest());
        }
    }

    private static List<Float> train(DistributedModel model, int from, int to) throws Exception {
        var optimizer = model.optimizer(rule(1));
        var losses = new ArrayList<Float>();
        for (int step = from; step <= to; step++) {
            var batch = Lab.batch(step);
            optimizer.zeroGrad();
            var loss = model.forward(batch.inputs(), batch.labels());
            loss.backward();
            optimizer.use(rule(step));
            optimizer.step();
            losses.add(loss.value());
        }
        return losses;
    }

    @ParameterizedTest
    @MethodSource("tensorlink.jobs.lab.Faults#everywhere")
    void a_worker_killed_anywhere_costs_time_and_no_bit(Point point, boolean lastStage)
            throws Exception {
        var faults = Faults.midway(point, lastStage);
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var user = lab.user();

        var model = user.create(Lab.model(), OPTIONS, heard);
        var losses = train(model, 1, STEPS);
        var weights = model.weightsDigest();
        model.close();

        assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
        assertThat(heard.recoveries).hasSize(1);
        assertThat(heard.recoveries.getFirst().replayed()).isBetween(0L, 2L);
        assertThat(heard.recoveries.getFirst().took()).isPositive();
        assertThat(user.report(model.job()).orElseThrow().state())
                .isEqualTo(new JobState.Completed());
        assertThat(user.report(model.job()).orElseThrow().steps()).isEqualTo(STEPS);
    }

    @Test
    void a_killed_process_of_a_stage_costs_the_worker_that_stage_and_the_job_no_bit()
            throws Exception {
        try (var engine = ChildEngine.open(folder.resolve("stages"))) {
            var workers = List.of(lab.worker(engine).party().id(), lab.worker(engine).party().id());

            var model = lab.user().create(Lab.model(), OPTIONS, heard);
            var losses = new ArrayList<>(train(model, 1, 3));
            engine.processes().getFirst().destroyForcibly();
            losses.addAll(train(model, 4, STEPS));
            var weights = model.weightsDigest();
            model.close();

            assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
            assertThat(heard.recoveries).hasSize(1);
            assertThat(heard.recoveries.getFirst().problem().toString())
                    .contains("is lost")
                    .contains("killed (signal 9)");
            assertThat(heard.recoveries.getFirst().workers())
                    .as("there are no others")
                    .containsExactlyInAnyOrderElementsOf(workers);
        }
    }

    @Test
    void a_worker_killed_in_the_middle_of_a_recovery_is_replaced_too() throws Exception {
        var faults = new Faults(Point.PREPARED, true, 3, 2);
        for (int i = 0; i < 4; i++) {
            lab.worker(faults);
        }

        var model = lab.user().create(Lab.model(), OPTIONS, heard);
        var losses = train(model, 1, STEPS);
        var weights = model.weightsDigest();
        model.close();

        assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
        assertThat(heard.warnings).hasSizeGreaterThan(1);
    }

    @Test
    void when_too_few_workers_are_left_the_job_says_so_and_waits_for_another() throws Exception {
        var faults = new Faults(Point.BACKWARD, true, 5, 1);
        lab.worker(faults);
        lab.worker(faults);
        heard.onWarning =
                () -> {
                    if (heard.warnings.getLast().contains("2 workers wanted") && !heard.started) {
                        heard.started = true;
                        startWorker();
                    }
                };

        var model = lab.user().create(Lab.model(), OPTIONS, heard);
        var losses = train(model, 1, STEPS);
        var weights = model.weightsDigest();
        model.close();

        assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
        assertThat(heard.warnings).anyMatch(warning -> warning.contains("2 workers wanted"));
    }

    private void startWorker() {
        try {
            lab.worker();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void when_no_worker_comes_in_time_the_job_fails_and_says_why() throws Exception {
        var faults = new Faults(Point.BACKWARD, true, 5, 1);
        lab.worker(faults);
        lab.worker(faults);
        var options = OPTIONS.patience(Duration.ofMillis(800));
        var model = lab.user().create(Lab.model(), options, heard);

        assertThatThrownBy(() -> train(model, 1, STEPS))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-CAP-001")
                .hasMessageContaining("2 workers wanted");
        assertThatThrownBy(model::weightsDigest).isInstanceOf(JobException.class);
        model.close();
    }

    @Test
    void what_is_done_again_and_comes_out_otherwise_ends_the_job() throws Exception {
        var faults = new Faults(Point.PREPARING, true, 3, 1).withLiesThereafter();
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var model = lab.user().create(Lab.model(), OPTIONS, heard);

        assertThatThrownBy(() -> train(model, 1, STEPS))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-008: what was done again came out otherwise")
                .hasMessageContaining("in step 3 are");
        model.close();
    }

    @Test
    void gradients_accumulated_over_batches_and_losses_read_late_survive() throws Exception {
        var faults = new Faults(Point.BACKWARD, true, 9, 1);
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var model = lab.user().create(Lab.model(), OPTIONS, heard);
        var optimizer = model.optimizer(rule(1));
        var losses = new ArrayList<Loss>();

        for (int step = 1; step <= 3; step++) {
            optimizer.zeroGrad();
            for (int part = 0; part < 2; part++) {
                var batch = Lab.batch(10 * step + part);
                var loss = model.forward(batch.inputs(), batch.labels());
                if (part == 1) {
                    assertThat(loss.value()).isPositive();
                }
                loss.backward();
                losses.add(loss);
            }
            optimizer.step();
        }
        var values = new ArrayList<Float>();
        for (var loss : losses) {
            values.add(loss.value());
        }
        var weights = model.weightsDigest();
        model.close();

        var expected = new ArrayList<Float>();
        try (var alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
            for (int step = 1; step <= 3; step++) {
                alone.zeroGradients();
                for (int part = 0; part < 2; part++) {
                    expected.add(alone.forwardBackward(Lab.batch(10 * step + part), 2));
                }
                alone.step(rule(1));
            }
            assertThat(weights).isEqualTo(alone.weightsDigest());
        }
        assertThat(values).isEqualTo(expected);
    }

    @Test
    void a_generation_whose_worker_is_killed_tells_each_token_once() throws Exception {
        var faults = new Faults(Point.APPLIED, false, 1, 1);
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var model = lab.user().create(Lab.model(), OPTIONS, heard);
        var told = new ArrayList<Integer>();

        train(model, 1, 2); // the worker dies with the second step applied, and nobody knows yet
        var generated = model.generate(List.of(1, 2), GenerateOptions.greedy(5), told::add);
        model.close();

        assertThat(told).isEqualTo(generated).hasSize(5);
        assertThat(heard.recoveries).hasSize(1);
    }

    @Test
    void a_user_that_is_gone_goes_on_from_its_folder_in_another_process() throws Exception {
        lab.worker();
        lab.worker();
        var options = OPTIONS.checkpointEvery(4).keptIn(folder.resolve("training"));
        var party = lab.party();
        var shortly = options.patience(Duration.ZERO).lifetime(Duration.ofSeconds(10));
        var lost = lab.user(party).create(Lab.model(), shortly, heard);
        var losses = new ArrayList<>(train(lost, 1, 5));
        var next = Lab.batch(6);
        lost.forward(next.inputs(), next.labels()).backward();
        party.host().close();

        var model = comesAgain(options);
        assertThat(model.optimizer(rule(1)).steps()).isEqualTo(5);
        losses.addAll(train(model, 6, STEPS));
        var weights = model.weightsDigest();
        model.close();
        lost.close();

        assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
        assertThat(folder.resolve("training").resolve("checkpoint-4")).isDirectory();
    }

    /** Workers notice within a moment that the user is gone, and are free again. */
    private DistributedModel comesAgain(JobOptions options) throws Exception {
        var user = lab.user();
        while (true) {
            try {
                return user.create(Lab.model(), options, heard);
            } catch (JobException busy) {
                assertThat(busy.code()).isEqualTo(ProblemCode.NO_CAPACITY);
            }
        }
    }

    @Test
    void a_user_cut_off_from_everybody_comes_back_and_keeps_its_training() throws Exception {
        var workers = List.of(lab.worker().party().id(), lab.worker().party().id());
        var party = lab.party();
        var model = lab.user(party).create(Lab.model(), OPTIONS, heard);

        var losses = new ArrayList<>(train(model, 1, 3));
        party.host().connections().forEach(Connection::close);
        losses.addAll(train(model, 4, STEPS));
        var weights = model.weightsDigest();
        model.close();

        assertThat(new Result(losses, weights)).isEqualTo(undisturbed());
        assertThat(heard.recoveries).hasSize(1);
        assertThat(heard.recoveries.getFirst().workers()).hasSameElementsAs(workers);
    }

    @Test
    void a_folder_that_holds_the_training_of_another_model_is_refused() throws Exception {
        var options = OPTIONS.keptIn(folder.resolve("training"));
        lab.worker();
        lab.worker();
        var user = lab.user();
        user.create(Lab.model(), options, heard).close();

        assertThatThrownBy(() -> user.create(Lab.model(6), options, heard))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds the training of another model");
    }

    @Test
    void nothing_is_kept_of_a_training_that_is_over_unless_it_has_a_folder() throws Exception {
        lab.worker();
        lab.worker();
        var model = lab.user().create(Lab.model(), OPTIONS, heard);
        train(model, 1, 3);
        model.close();

        try (var files = Files.walk(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("checkpoint-") || name.startsWith("steps-"));
        }
    }

    @Test
    void a_worker_that_accepts_and_then_hangs_is_avoided_the_next_time() throws Exception {
        lab.close();
        lab = new Lab(folder.resolve("other"), Patience.enough().load(Duration.ofMillis(500)));
        lab.validator();
        var hanging =
                ScriptedWorker.accepting(
                        lab,
                        control -> {
                            control.sign();
                            control.onlyBeat();
                        });
        lab.worker();

        var model = lab.user().create(Lab.model(), OPTIONS.workers(1), heard);
        model.close();

        assertThat(hanging.offers()).isEqualTo(1);
        assertThat(heard.warnings).hasSize(1);
        hanging.party().host().close();
    }

    @Test
    void an_interrupted_user_has_cancelled_its_job() throws Exception {
        lab.worker();
        lab.worker();
        var user = lab.user();
        var model = user.create(Lab.model(), OPTIONS, heard);

        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> train(model, 1, 1)).isInstanceOf(InterruptedException.class);
        model.close();

        assertThat(user.report(model.job()).orElseThrow().state())
                .isEqualTo(new JobState.Cancelled("interrupted"));
    }

    /** A stage that waited for one that was not told would hear of the end 10 s later. */
    @ParameterizedTest
    @ValueSource(ints = {0, 20, 40, 60, 80, 120, 160, 200, 300, 400, 600, 800})
    @Timeout(8)
    void a_user_interrupted_in_the_middle_of_a_step_frees_its_workers_at_once(int micros)
            throws Exception {
        lab.worker();
        lab.worker();
        var user = lab.user();
        for (int round = 0; round < 3; round++) {
            var model = user.create(Lab.model(), OPTIONS, heard);
            train(model, 1, 1);
            var me = Thread.currentThread();
            var interrupting =
                    lab.scheduler().after(Duration.ofNanos(1_000L * micros), me::interrupt);

            assertThatThrownBy(() -> train(model, 2, Integer.MAX_VALUE))
                    .isInstanceOf(InterruptedException.class);
            interrupting.cancel();
            model.close();

            assertThat(user.report(model.job()).orElseThrow().state())
                    .isEqualTo(new JobState.Cancelled("interrupted"));
            lab.assertNothingIsLeft();
        }
    }
}
