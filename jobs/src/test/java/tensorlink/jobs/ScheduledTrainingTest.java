package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.Schedule;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** The order in which stages take micro-batches is a matter of time and memory, not of bits. */
@Timeout(60)
class ScheduledTrainingTest {
    @TempDir private Path folder;

    @ParameterizedTest
    @EnumSource(names = "INTERLEAVED", mode = EnumSource.Mode.EXCLUDE)
    void every_schedule_over_workers_gives_the_bits_of_one_process(Schedule schedule)
            throws Exception {
        var options =
                JobOptions.training()
                        .workers(3)
                        .batch(4, 16)
                        .microBatches(4)
                        .how(TrainingOptions.defaults().withSchedule(schedule));
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            for (int worker = 0; worker < 3; worker++) {
                lab.worker();
            }
            try (var model = lab.user().create(Lab.model(), options, JobListener.silent());
                    var alone =
                            LocalRun.open(
                                    Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
                var optimizer = model.optimizer(AdamW.lr(1e-2));
                for (int step = 1; step <= 3; step++) {
                    var batch = Lab.batch(step);
                    optimizer.zeroGrad();
                    var loss = model.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    optimizer.step();
                    alone.zeroGradients();
                    assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 4));
                    alone.step(AdamW.lr(1e-2));
                }

                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void interleaved_is_refused_because_a_worker_has_one_chunk() throws Exception {
        var options =
                JobOptions.training()
                        .how(TrainingOptions.defaults().withSchedule(Schedule.INTERLEAVED));
        try (var lab = new Lab(folder, Patience.enough())) {
            var user = lab.user();

            assertThatThrownBy(() -> user.create(Lab.model(), options, JobListener.silent()))
                    .hasMessage("schedule interleaved: a worker of a job has one chunk of layers");
        }
    }
}
