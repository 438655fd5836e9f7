package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.LayerRange;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.Schedule;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Plan;

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
    void a_plan_that_is_given_is_kept_to_and_one_for_another_model_refused() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            var one = lab.worker().party().id();
            var two = lab.worker().party().id();
            var plan =
                    new Plan(
                            List.of(
                                    new Plan.Part(new LayerRange(0, 1), two),
                                    new Plan.Part(new LayerRange(1, 3), one)));
            var longer =
                    new Plan(
                            List.of(
                                    new Plan.Part(new LayerRange(0, 1), two),
                                    new Plan.Part(new LayerRange(1, 4), one)));
            var options = JobOptions.training().batch(4, 16).microBatches(2);
            var user = lab.user();

            try (var model = user.create(Lab.model(), options.plan(plan), JobListener.silent())) {
                var report = model.report();
                assertThat(report.stages().getFirst().worker()).isEqualTo(two);
                assertThat(report.stages().getFirst().layers()).isEqualTo(new LayerRange(0, 1));
                assertThat(report.predictedStep()).isPositive();
            }
            assertThatThrownBy(() ->
                            user.create(Lab.model(), options.plan(longer), JobListener.silent()))
                    .hasMessageContaining("its plan has 4 layers, the model 3");
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
