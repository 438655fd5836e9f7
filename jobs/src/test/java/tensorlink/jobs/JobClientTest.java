package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
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
}
