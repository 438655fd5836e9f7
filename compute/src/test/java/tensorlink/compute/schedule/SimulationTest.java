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

    @ParameterizedTest
    @EnumSource
    void replicas_of_every_schedule_share_a_batch_and_add_up_at_the_end(Schedule schedule) {
        for (int replicas = 1; replicas <= 4; replicas++) {
            for (int p = 1; p <= 4; p++) {
                var shape = new PipelineShape(p, 24);
                var share = shape.share(replicas);
                if (schedule == Schedule.INTERLEAVED && share.microBatches() % p != 0) {
                    continue;
                }
                var lists = copies(schedule.steps(share), replicas);

                var outcome = Simulation.run(shape, replicas, lists, adding(p * replicas));

                var done = (Outcome.Done) outcome;
                var alone = (Outcome.Done) Simulation.run(share, schedule.steps(share), adding(0));
                assertThat(done.time())
                        .as("%s of %s", schedule, shape)
                        .isEqualTo(alone.time() + (replicas > 1 ? 7 : 0));
                assertThat(done.order()).doesNotHaveDuplicates();
                assertThat(done.order()).hasSize(replicas * alone.order().size());
                for (int worker = 0; worker < replicas * p; worker++) {
                    assertThat(done.inFlight().get(worker))
                            .isEqualTo(inFlight(schedule, share, worker % p));
                }
            }
        }
    }

    @Test
    void a_stage_adds_up_when_the_slowest_of_its_replicas_is_there() {
        var shape = new PipelineShape(2, 4);
        var lists = copies(Schedule.ONE_F_ONE_B.steps(shape.share(2)), 2);
        var slow =
                new Costs() {
                    @Override
                    public double compute(int worker, Step step) {
                        return worker == 2 ? 10 : 1;
                    }

                    @Override
                    public double hop(int fromWorker, int toWorker) {
                        return 0;
                    }

                    @Override
                    public double sum(int worker) {
                        return 5;
                    }
                };

        var done = (Outcome.Done) Simulation.run(shape, 2, lists, slow);

        assertThat(done.time()).isEqualTo(10 + 10 + 10 + 10 + 5);
        assertThat(done.busy()).containsExactly(4.0 + 5, 4.0 + 5, 40.0 + 5, 4.0 + 5);
    }

    @Test
    void what_is_wrong_with_a_replica_names_its_worker() {
        var shape = new PipelineShape(2, 4);
        var right = Schedule.GPIPE.steps(shape.share(2));
        var lists = copies(right, 2);
        lists.set(3, List.of(new Backward(0)));
        var stuck = copies(right, 2);
        stuck.set(2, List.of(new Forward(0), new Backward(0), new Forward(1), new Backward(1)));

        assertThat(Simulation.run(shape, 2, lists, Costs.even(1, 1, 1)))
                .isEqualTo(
                        new Outcome.Malformed(
                                3, "Backward[microBatch=0, chunk=0] before its forward"));
        assertThat(Simulation.run(shape, 2, stuck, Costs.even(1, 1, 1)))
                .isEqualTo(
                        new Outcome.Deadlock(
                                List.of(
                                        new Turn(2, new Backward(0)),
                                        new Turn(3, new Forward(1)))));
    }

    @Test
    void replicas_that_cannot_share_a_batch_evenly_are_refused() {
        var shape = new PipelineShape(1, 3);

        assertThatThrownBy(() -> shape.share(2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("micro-batches 3, expected a multiple of the 2 replicas");
        assertThatThrownBy(() -> Simulation.run(new PipelineShape(1, 4), 2, List.of(), adding(0)))
                .hasMessage("0 lists for 2 workers");
    }

    private static List<List<Step>> copies(List<List<Step>> lists, int replicas) {
        var all = new ArrayList<List<Step>>();
        for (int replica = 0; replica < replicas; replica++) {
            all.addAll(lists);
        }
        return all;
    }

    /** Each sum takes 7, and there are no more workers than {@code workers}. */
    private static Costs adding(int workers) {
        var even = Costs.even(1, 1, 1);
        return new Costs() {
            @Override
            public double compute(int worker, Step step) {
                return even.compute(worker, step);
            }

            @Override
            public double hop(int fromWorker, int toWorker) {
                return 0;
            }

            @Override
            public double sum(int worker) {
                assertThat(worker).isLessThan(workers);
                return 7;
            }
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
