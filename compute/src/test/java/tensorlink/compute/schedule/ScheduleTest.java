package tensorlink.compute.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;

class ScheduleTest {

    @Test
    void one_forward_one_backward_alternates_after_one_forward_per_stage_behind() {
        var steps = Schedule.oneForwardOneBackward(0, 3, 4);

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
    void forwards_then_backwards_keeps_the_order_of_micro_batches() {
        var steps = Schedule.forwardsThenBackwards(2);

        assertThat(steps)
                .containsExactly(new Forward(0), new Forward(1), new Backward(0), new Backward(1));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 5", "2, 1", "2, 4", "3, 4", "4, 4", "4, 16", "8, 3"})
    void one_forward_one_backward_ends_with_few_in_flight(int stages, int microBatches) {
        var inFlight =
                simulate(
                        stages,
                        microBatches,
                        stage -> Schedule.oneForwardOneBackward(stage, stages, microBatches));

        for (int stage = 0; stage < stages; stage++) {
            assertThat(inFlight.get(stage))
                    .isEqualTo(Schedule.inFlight(stage, stages, microBatches))
                    .isLessThanOrEqualTo(stages - stage);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 4", "4, 16"})
    void forwards_then_backwards_ends_with_all_in_flight(int stages, int microBatches) {
        var inFlight =
                simulate(
                        stages,
                        microBatches,
                        stage -> Schedule.forwardsThenBackwards(microBatches));

        assertThat(inFlight).containsOnly(microBatches);
    }

    @Test
    void refuses_a_stage_or_a_count_that_is_not_there() {
        assertThatThrownBy(() -> Schedule.oneForwardOneBackward(2, 2, 4))
                .hasMessage("stage 2 of 2");
        assertThatThrownBy(() -> Schedule.forwardsThenBackwards(0))
                .hasMessage("micro-batches 0, at least 1");
    }

    /**
     * Runs every stage's list, each step as soon as its input is there.
     *
     * @return per stage, the most micro-batches that were in flight
     */
    private static List<Integer> simulate(
            int stages, int microBatches, IntFunction<List<Step>> schedule) {
        var next = new int[stages];
        var forwards = new int[stages];
        var backwards = new int[stages];
        var most = new int[stages];
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int s = 0; s < stages; s++) {
                var steps = schedule.apply(s);
                if (next[s] == steps.size()) {
                    continue;
                }
                boolean ready =
                        switch (steps.get(next[s])) {
                            case Forward(int m) -> s == 0 || forwards[s - 1] > m;
                            case Backward(int m) ->
                                    forwards[s] > m && (s == stages - 1 || backwards[s + 1] > m);
                        };
                if (ready) {
                    switch (steps.get(next[s]++)) {
                        case Forward(int m) -> assertThat(forwards[s]++).isEqualTo(m);
                        case Backward(int m) -> assertThat(backwards[s]++).isEqualTo(m);
                    }
                    moved = true;
                }
                most[s] = Math.max(most[s], forwards[s] - backwards[s]);
            }
        }
        assertThat(backwards).as("backwards run, else a deadlock").containsOnly(microBatches);
        var result = new ArrayList<Integer>();
        for (int count : most) {
            result.add(count);
        }
        return result;
    }
}
