package tensorlink.compute.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.schedule.Simulation.Costs;
import tensorlink.compute.schedule.Simulation.Outcome;
import tensorlink.compute.schedule.Simulation.Turn;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;
import tensorlink.compute.schedule.Step.InputGradient;
import tensorlink.compute.schedule.Step.WeightGradient;

class SimulationTest {

    @ParameterizedTest
    @EnumSource
    void every_schedule_of_any_shape_comes_to_an_end_within_its_memory(Schedule schedule) {
        for (int p = 1; p <= 8; p++) {
            for (int v = 1; v <= (schedule == Schedule.INTERLEAVED ? 4 : 1); v++) {
                for (int m = 1; m <= 24; m++) {
                    if (schedule == Schedule.INTERLEAVED && m % p != 0) {
                        continue;
                    }
                    var shape = new PipelineShape(p, v, m);

                    var outcome = Simulation.run(shape, schedule.steps(shape), uneven(p + 31 * m));

                    assertThat(outcome)
                            .as("%s %s", schedule, shape)
                            .isInstanceOf(Outcome.Done.class);
                    var done = (Outcome.Done) outcome;
                    for (int worker = 0; worker < p; worker++) {
                        assertThat(done.inFlight().get(worker))
                                .as("%s %s worker %s", schedule, shape, worker)
                                .isEqualTo(inFlight(schedule, shape, worker));
                    }
                    assertThat(done.order()).as("%s %s", schedule, shape).doesNotHaveDuplicates();
                }
            }
        }
    }

    private static int inFlight(Schedule schedule, PipelineShape shape, int worker) {
        int p = shape.workers();
        int v = shape.chunks();
        int m = shape.microBatches();
        return switch (schedule) {
            case GPIPE -> m;
            case ONE_F_ONE_B -> Math.min(p - worker, m);
            case INTERLEAVED ->
                    Math.min(v == 1 ? p - worker : 2 * (p - 1 - worker) + (v - 1) * p + 1, m * v);
            case ZB_H1 -> Math.min(p, m);
        };
    }

    /** Steps and hops that take different times everywhere. */
    private static Costs uneven(long seed) {
        var random = new SplittableRandom(seed);
        var speeds = random.doubles(64, 0.5, 4).toArray();
        return new Costs() {
            @Override
            public double compute(int worker, Step step) {
                return speeds[worker] * (step instanceof Backward ? 2 : 1);
            }

            @Override
            public double hop(int fromWorker, int toWorker) {
                return speeds[32 + fromWorker] / 4;
            }
        };
    }

    @Test
    void the_bubble_of_each_schedule_is_that_of_its_paper() {
        var even = Costs.even(1, 1, 1);
        for (int p = 2; p <= 6; p++) {
            int m = 4 * p;
            double work = 3.0 * m;

            assertThat(time(Schedule.GPIPE, new PipelineShape(p, m), even))
                    .isEqualTo(work + 3.0 * (p - 1));
            assertThat(time(Schedule.ONE_F_ONE_B, new PipelineShape(p, m), even))
                    .isEqualTo(work + 3.0 * (p - 1));
            assertThat(time(Schedule.INTERLEAVED, new PipelineShape(p, 2, m), even))
                    .isEqualTo(2 * work + 3.0 * (p - 1));
            assertThat(time(Schedule.ZB_H1, new PipelineShape(p, m), even))
                    .isEqualTo(work + (p - 1));
        }
    }

    private static double time(Schedule schedule, PipelineShape shape, Costs costs) {
        var done = (Outcome.Done) Simulation.run(shape, schedule.steps(shape), costs);
        double worked = done.busy().stream().mapToDouble(Double::doubleValue).sum();
        assertThat(done.bubble())
                .isCloseTo(1 - worked / (done.time() * shape.workers()), within(1e-12));
        return done.time();
    }

    @Test
    void names_who_waits_for_whom_in_a_deadlock() {
        var shape = new PipelineShape(2, 2);
        List<Step> patient =
                List.of(new Forward(0), new Backward(0), new Forward(1), new Backward(1));
        List<Step> greedy =
                List.of(new Forward(0), new Forward(1), new Backward(0), new Backward(1));

        var outcome = Simulation.run(shape, List.of(patient, greedy), Costs.even(1, 1, 1));

        assertThat(outcome)
                .isEqualTo(
                        new Outcome.Deadlock(
                                List.of(
                                        new Turn(0, new Backward(0)),
                                        new Turn(1, new Forward(1)))));
    }

    @Test
    void refuses_lists_that_do_things_twice_never_or_out_of_order() {
        assertThat(alone(new Forward(0), new Forward(0)))
                .isEqualTo("Forward[microBatch=0, chunk=0] again");
        assertThat(alone(new Backward(0)))
                .isEqualTo("Backward[microBatch=0, chunk=0] before its forward");
        assertThat(alone(new Forward(0), new Forward(1), new Backward(1)))
                .isEqualTo("Backward[microBatch=1, chunk=0] out of order");
        assertThat(alone(new Forward(0), new WeightGradient(0)))
                .isEqualTo("WeightGradient[microBatch=0, chunk=0] before its input gradient");
        assertThat(
                        alone(
                                new Forward(0),
                                new Forward(1),
                                new InputGradient(0),
                                new InputGradient(1),
                                new WeightGradient(1)))
                .isEqualTo("WeightGradient[microBatch=1, chunk=0] out of order");
        assertThat(alone(new Forward(0), new Backward(0)))
                .isEqualTo("chunk 0 has the gradients of 1 micro-batches of 2");
        assertThat(alone(new Forward(2)))
                .startsWith("Forward[microBatch=2, chunk=0] of PipelineShape");
        assertThatThrownBy(() ->
                        Simulation.run(new PipelineShape(2, 1), List.of(), Costs.even(1, 1, 1)))
                .hasMessage("0 lists for 2 workers");
    }

    private static String alone(Step... steps) {
        var outcome =
                Simulation.run(
                        new PipelineShape(1, 2), List.of(List.of(steps)), Costs.even(1, 1, 1));
        return ((Outcome.Malformed) outcome).what();
    }

    @Test
    void a_list_in_another_order_is_never_taken_for_a_good_one() {
        var random = new java.util.Random(7);
        var shape = new PipelineShape(3, 4);
        for (int trial = 0; trial < 500; trial++) {
            var lists = new ArrayList<List<Step>>();
            for (var list : Schedule.ZB_H1.steps(shape)) {
                var shuffled = new ArrayList<>(list);
                Collections.swap(
                        shuffled, random.nextInt(shuffled.size()), random.nextInt(shuffled.size()));
                lists.add(shuffled);
            }

            var outcome = Simulation.run(shape, lists, Costs.even(1, 1, 1));

            if (outcome instanceof Outcome.Done done) {
                for (int worker = 0; worker < 3; worker++) {
                    int of = worker;
                    var weights =
                            done.order().stream()
                                    .filter(turn -> turn.worker() == of)
                                    .map(Turn::step)
                                    .filter(WeightGradient.class::isInstance)
                                    .map(Step::microBatch)
                                    .toList();
                    assertThat(weights).as("trial %s", trial).containsExactly(0, 1, 2, 3);
                }
            }
        }
    }
}
