package tensorlink.compute.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;
import tensorlink.compute.schedule.Step.InputGradient;
import tensorlink.compute.schedule.Step.WeightGradient;

class ScheduleTest {

    @Test
    void one_forward_one_backward_alternates_after_one_forward_per_worker_behind() {
        var steps = Schedule.ONE_F_ONE_B.steps(new PipelineShape(3, 4), 0);

        assertThat(steps)
                .containsExactly(
                        new Forward(0),
                        new Forward(1),
                        new Forward(2),
                        new Backward(0),
                        new Forward(3),
                        new Backward(1),
                        new Backward(2),
                        new Backward(3));
    }

    @Test
    void gpipe_keeps_the_order_of_micro_batches() {
        var steps = Schedule.GPIPE.steps(new PipelineShape(1, 2), 0);

        assertThat(steps)
                .containsExactly(new Forward(0), new Forward(1), new Backward(0), new Backward(1));
    }

    @Test
    void zero_bubble_leaves_weight_gradients_for_later_the_further_behind_a_worker_is() {
        var shape = new PipelineShape(2, 3);

        assertThat(Schedule.ZB_H1.steps(shape, 0))
                .containsExactly(
                        new Forward(0),
                        new Forward(1),
                        new InputGradient(0),
                        new WeightGradient(0),
                        new Forward(2),
                        new InputGradient(1),
                        new WeightGradient(1),
                        new InputGradient(2),
                        new WeightGradient(2));
        assertThat(Schedule.ZB_H1.steps(shape, 1))
                .containsExactly(
                        new Forward(0),
                        new InputGradient(0),
                        new Forward(1),
                        new InputGradient(1),
                        new WeightGradient(0),
                        new Forward(2),
                        new InputGradient(2),
                        new WeightGradient(1),
                        new WeightGradient(2));
    }

    @Test
    void interleaved_takes_a_group_of_micro_batches_through_one_chunk_after_the_other() {
        var steps = Schedule.INTERLEAVED.steps(new PipelineShape(2, 2, 2), 1);

        assertThat(steps)
                .containsExactly(
                        new Forward(0, 0),
                        new Forward(1, 0),
                        new Forward(0, 1),
                        new Backward(0, 1),
                        new Forward(1, 1),
                        new Backward(1, 1),
                        new Backward(0, 0),
                        new Backward(1, 0));
    }

    @ParameterizedTest
    @EnumSource
    void a_schedule_is_found_by_its_name(Schedule schedule) {
        assertThat(Schedule.of(schedule.label())).isEqualTo(schedule);
    }

    @Test
    void refuses_a_worker_a_count_or_a_shape_that_it_is_not_for() {
        assertThatThrownBy(() -> Schedule.GPIPE.steps(new PipelineShape(2, 4), 2))
                .hasMessage("worker 2 of 2");
        assertThatThrownBy(() -> new PipelineShape(1, 0))
                .hasMessage("workers 1, chunks 1, micro-batches 0: each at least 1");
        assertThatThrownBy(() -> Schedule.ZB_H1.steps(new PipelineShape(2, 2, 4), 0))
                .hasMessage("zb-h1 with 2 chunks on a worker, it has one");
        assertThatThrownBy(() -> Schedule.INTERLEAVED.steps(new PipelineShape(2, 2, 3), 0))
                .hasMessage("interleaved: micro-batches 3, a multiple of the workers 2");
        assertThatThrownBy(() -> Schedule.of("zb-v"))
                .hasMessage("schedule zb-v, one of gpipe, 1f1b, interleaved, zb-h1");
    }
}
