package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobRecord;

/** The way in, with everybody doing what they should. */
@Timeout(60)
class JobClientTest {
    @TempDir private Path folder;

    @Test
    void trains_on_two_workers_as_one_process_does_and_leaves_nothing() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var model = Lab.model();
            var options = JobOptions.training().workers(2).batch(4, 16).microBatches(2);

            var distributed = lab.user().create(model, options, JobListener.silent());
            var optimizer = distributed.optimizer(AdamW.lr(1e-2));
            try (var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(1))) {
                for (int step = 1; step <= 3; step++) {
                    var batch = Lab.batch(step);
                    optimizer.zeroGrad();
                    alone.zeroGradients();
                    var loss = distributed.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    optimizer.step();

                    assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
                    alone.step(AdamW.lr(1e-2));
                }
                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
            distributed.close();

            assertThat(distributed.report().state()).isEqualTo(new JobState.Completed());
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_job_that_is_given_up_is_recorded_as_cancelled_without_a_result() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var ledger = lab.ledger();
            lab.worker();
            var user = lab.user();
            var options = JobOptions.training().batch(4, 16);
            var model = user.create(Lab.model(), options, JobListener.silent());
            var batch = Lab.batch(1);
            model.forward(batch.inputs(), batch.labels()).backward();
            model.optimizer(AdamW.lr(1e-2)).step();

            model.cancel("enough of it");
            model.close();

            assertThat(user.report(model.job()).orElseThrow().state())
                    .isEqualTo(new JobState.Cancelled("enough of it"));
            assertThat(ledger.job(model.job().word()).orElseThrow().status())
                    .isInstanceOfSatisfying(
                            JobRecord.Status.Closed.class,
                            closed -> {
                                assertThat(closed.end()).isEqualTo(JobEnd.CANCELLED);
                                assertThat(closed.resultHash()).isEqualTo(Bytes32.ZERO);
                            });
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void another_thread_gives_a_running_job_up_and_its_user_is_told_at_once() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var ledger = lab.ledger();
            var worker = lab.worker(Lab.MEMORY_BYTES, Amount.of(1), (_, _) -> {});
            var other = lab.worker(Lab.MEMORY_BYTES, Amount.of(1), (_, _) -> {});
            var user = lab.user();
            var options =
                    JobOptions.training().workers(2).batch(4, 16).maxPrice(Amount.of(500_000));
            var model = user.create(Lab.model(), options, JobListener.silent());
            var optimizer = model.optimizer(AdamW.lr(1e-2));
            var stepped = new CountDownLatch(2);
            var told = new CompletableFuture<JobException>();
            Thread.ofVirtual().start(() -> train(model, optimizer, stepped, told));
            stepped.await();

            boolean cancelled = user.cancel(model.job(), "cancelled by its user");
            var problem = told.get(20, TimeUnit.SECONDS).problem();

            assertThat(cancelled).isTrue();
            assertThat(problem.code()).isEqualTo(ProblemCode.ENDED);
            assertThat(problem.why()).isEqualTo("cancelled by its user");
            var report = user.report(model.job()).orElseThrow();
            assertThat(report.state()).isEqualTo(new JobState.Cancelled("cancelled by its user"));
            assertThat(report.stages())
                    .allSatisfy(
                            stage -> assertThat(stage.paid()).isEqualTo(Amount.of(stage.units())))
                    .allSatisfy(stage -> assertThat(stage.units()).isPositive());
            assertThat(ledger.job(model.job().word()).orElseThrow().status())
                    .isInstanceOfSatisfying(
                            JobRecord.Status.Closed.class,
                            closed -> assertThat(closed.end()).isEqualTo(JobEnd.CANCELLED));
            assertThat(user.cancel(model.job(), "again")).isFalse();
            assertThat(List.of(worker, other))
                    .allSatisfy(it -> assertThat(it.worker().stints()).isEmpty());
            lab.assertNothingIsLeft();
        }
    }

    private static void train(
            DistributedModel model,
            DistributedOptimizer optimizer,
            CountDownLatch stepped,
            CompletableFuture<JobException> told) {
        try (model) {
            for (int step = 1; ; step++) {
                var batch = Lab.batch(step);
                optimizer.zeroGrad();
                model.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
                stepped.countDown();
            }
        } catch (JobException ended) {
            told.complete(ended);
        } catch (IOException | InterruptedException | RuntimeException wrong) {
            told.completeExceptionally(wrong);
        }
    }

    @Test
    void a_job_is_given_up_while_its_workers_are_being_found() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            var considering = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            ScriptedWorker.accepting(
                    lab,
                    control -> {
                        control.sign();
                        considering.countDown();
                        goOn.await();
                        control.onlyBeat();
                    });
            var user = lab.user();
            var told = new CompletableFuture<JobException>();
            Thread.ofVirtual().start(() -> create(user, told));
            considering.await();

            var job = user.reports().getFirst().job();
            boolean cancelled = user.cancel(job, "thought better of it");
            goOn.countDown();

            assertThat(cancelled).isTrue();
            assertThat(told.get(20, TimeUnit.SECONDS).problem().why())
                    .isEqualTo("thought better of it");
            assertThat(user.report(job).orElseThrow().state())
                    .isEqualTo(new JobState.Cancelled("thought better of it"));
            assertThat(user.reports()).hasSize(1);
            lab.assertNothingIsLeft();
        }
    }

    private static void create(JobClient user, CompletableFuture<JobException> told) {
        try {
            user.create(Lab.model(), JobOptions.training().batch(4, 16), JobListener.silent());
            told.completeExceptionally(new AssertionError("it was created"));
        } catch (JobException ended) {
            told.complete(ended);
        } catch (IOException | InterruptedException | RuntimeException wrong) {
            told.completeExceptionally(wrong);
        }
    }
}
