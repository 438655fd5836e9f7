package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.compute.Work;
import tensorlink.jobs.market.Partition.Assignment;
import tensorlink.jobs.market.Partition.Candidate;
import tensorlink.jobs.market.Partition.Result;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PartitionTest {

    @Test
    void splits_evenly_where_memory_does_not_matter() {
        var partition = new Partition(8, costs(new long[8], 0));

        var placed = placed(partition.plan(2, workers(100, 100)));

        assertThat(placed.stream().map(Assignment::layers))
                .containsExactly(new LayerRange(0, 4), new LayerRange(4, 8));
    }

    @Test
    void takes_as_few_workers_as_fit() {
        var partition = new Partition(6, costs(new long[] {10, 10, 10, 10, 10, 10}, 1));

        assertThat(placed(partition.plan(0, workers(100, 100, 100)))).hasSize(1);
        assertThat(placed(partition.plan(0, workers(30, 30, 30)))).hasSize(2);
        assertThat(placed(partition.plan(0, workers(20, 20, 20)))).hasSize(3);
    }

    @Test
    void cuts_only_where_the_model_may_be_cut() {
        var everywhere = costs(new long[] {10, 10, 10, 10, 10, 10}, 1);
        var partition =
                new Partition(
                        6,
                        new Partition.Costs() {
                            @Override
                            public boolean mayCut(int cut) {
                                return cut == 1;
                            }

                            @Override
                            public long memory(LayerRange range, int stage, int stages) {
                                return everywhere.memory(range, stage, stages);
                            }

                            @Override
                            public Work work(LayerRange range) {
                                return everywhere.work(range);
                            }

                            @Override
                            public int microBatches() {
                                return everywhere.microBatches();
                            }

                            @Override
                            public double bytesBetween() {
                                return everywhere.bytesBetween();
                            }

                            @Override
                            public int crossings() {
                                return everywhere.crossings();
                            }

                            @Override
                            public Link link(PeerId from, PeerId to) {
                                return everywhere.link(from, to);
                            }
                        });

        assertThat(placed(partition.plan(2, workers(100, 100))).stream().map(Assignment::layers))
                .containsExactly(new LayerRange(0, 1), new LayerRange(1, 6));
        assertThat(partition.plan(2, workers(40, 40)))
                .as("five layers are for one of them")
                .isInstanceOf(Result.TooLittleMemory.class);
        assertThat(partition.plan(3, workers(100, 100, 100)))
                .isEqualTo(new Result.TooFewWorkers(3, 2));
    }

    @Test
    void gives_the_worker_with_more_memory_more_layers() {
        var partition = new Partition(6, costs(new long[] {10, 10, 10, 10, 10, 10}, 1));

        var placed = placed(partition.plan(2, workers(45, 25)));

        assertThat(placed.stream().mapToInt(assignment -> assignment.layers().size()))
                .containsExactlyInAnyOrder(4, 2);
    }

    @Test
    void gives_the_faster_worker_more_layers_and_predicts_the_time() {
        var partition = new Partition(6, costs(new long[6], 0));

        var result =
                (Result.Placed)
                        partition.plan(2, List.of(worker(0, 100, 1, 0), worker(1, 100, 2, 0)));

        // 2 layers at 1 a second and 4 at 2, in 3 micro-batches: 2 + 2 + 2 * 2, and no hop.
        assertThat(result.seconds()).isEqualTo(8);
        assertThat(result.assignments())
                .anySatisfy(it -> {
                    assertThat(it.worker()).isEqualTo(PEERS.get(1));
                    assertThat(it.layers().size()).isEqualTo(4);
                });
    }

    @Test
    void finds_the_best_split_of_all_as_trying_every_one_does() {
        for (long seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            int layers = 1 + random.nextInt(6);
            int stages = 1 + random.nextInt(Math.min(4, layers));
            int workers = stages + random.nextInt(5 - stages + 1);
            var memory = random.longs(layers, 1, 20).toArray();
            var candidates = new ArrayList<Candidate>();
            for (int i = 0; i < workers; i++) {
                candidates.add(
                        worker(
                                i,
                                5 + 25 * random.nextInt(3),
                                0.5 + random.nextInt(3),
                                random.nextDouble()));
            }
            var costs = costs(memory, 1 + random.nextInt(3));

            var result = new Partition(layers, costs).plan(stages, candidates);
            double best = bruteForce(layers, costs, candidates, stages);

            double found =
                    result instanceof Result.Placed placed
                            ? placed.seconds()
                            : Double.POSITIVE_INFINITY;
            assertThat(found).as("seed " + seed).isCloseTo(best, within(1e-9));
            if (result instanceof Result.Placed(var assignments, var seconds)) {
                var chosen = assignments.stream().map(it -> candidate(candidates, it)).toList();
                var ranges = assignments.stream().map(Assignment::layers).toList();
                var judged = (Result.Placed) new Partition(layers, costs).judge(chosen, ranges);
                assertThat(judged.seconds()).as("seed " + seed).isCloseTo(seconds, within(1e-9));
            }
        }
    }

    @Test
    void ends_that_are_given_stay_and_what_is_between_is_the_best_of_all_splits() {
        for (long seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            int layers = 3 + random.nextInt(5);
            int first = random.nextInt(2);
            int end = layers - (first == 0 ? 1 : random.nextInt(2));
            int stages = 1 + random.nextInt(Math.min(3, end - first));
            var memory = random.longs(layers, 1, 20).toArray();
            var between = new ArrayList<Candidate>();
            for (int i = 0; i < 3; i++) {
                between.add(
                        worker(
                                i,
                                20 + random.nextInt(60),
                                0.5 + random.nextInt(8),
                                random.nextDouble()));
            }
            var ends = new ArrayList<Partition.Held>();
            if (first > 0) {
                ends.add(new Partition.Held(worker(6, 20, 1, 0), new LayerRange(0, first)));
            }
            if (end < layers) {
                ends.add(new Partition.Held(worker(7, 20, 2, 0.1), new LayerRange(end, layers)));
            }
            var partition = new Partition(layers, costs(memory, 2), ends);

            var result = partition.plan(stages, between);

            double best = Double.POSITIVE_INFINITY;
            for (var order : orders(between)) {
                for (var ranges : splits(first, end, stages)) {
                    if (partition.judge(order.subList(0, stages), ranges)
                            instanceof Result.Placed placed) {
                        best = Math.min(best, placed.seconds());
                    }
                }
            }
            double found =
                    result instanceof Result.Placed placed
                            ? placed.seconds()
                            : Double.POSITIVE_INFINITY;
            assertThat(found).as("seed " + seed).isCloseTo(best, within(1e-9));
            if (result instanceof Result.Placed(var assignments, var _)) {
                for (var held : ends) {
                    assertThat(assignments)
                            .as("seed " + seed)
                            .anyMatch(it ->
                                    it.worker().equals(held.holder().worker())
                                            && it.layers().equals(held.layers()));
                }
                assertThat(assignments).hasSize(stages + ends.size());
            }
        }
    }

    /** Every way to cut layers into as many ranges. */
    private static List<List<LayerRange>> splits(int first, int end, int count) {
        if (count == 1) {
            return List.of(List.of(new LayerRange(first, end)));
        }
        var all = new ArrayList<List<LayerRange>>();
        for (int cut = first + 1; cut < end; cut++) {
            for (var rest : splits(cut, end, count - 1)) {
                var ranges = new ArrayList<>(List.of(new LayerRange(first, cut)));
                ranges.addAll(rest);
                all.add(ranges);
            }
        }
        return all;
    }

    @Test
    void an_end_that_its_holder_has_no_room_for_is_told() {
        var held = new Partition.Held(worker(6, 15, 1, 0), new LayerRange(0, 2));
        var partition = new Partition(4, costs(new long[] {10, 10, 10, 10}, 1), List.of(held));

        assertThat(partition.plan(1, workers(100)))
                .isEqualTo(new Result.TooLittleMemory(20, 15, 5, 1));
        assertThat(partition.plan(3, workers(9, 9, 9))).isEqualTo(new Result.TooFewWorkers(3, 2));
    }

    private static Candidate candidate(List<Candidate> candidates, Assignment assignment) {
        return candidates.stream()
                .filter(it -> it.worker().equals(assignment.worker()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_given_plan_that_does_not_fit_is_refused_with_what_is_missing() {
        var partition = new Partition(4, costs(new long[] {10, 10, 10, 10}, 1));
        var ranges = List.of(new LayerRange(0, 1), new LayerRange(1, 4));

        assertThat(partition.judge(workers(10, 25), ranges))
                .isEqualTo(new Result.TooLittleMemory(40, 35, 5, 2));
        assertThat(placed(partition.judge(workers(10, 30), ranges)).getLast().layers())
                .isEqualTo(new LayerRange(1, 4));
    }

    @Test
    void says_how_many_workers_are_missing() {
        var partition = new Partition(4, costs(new long[4], 1));

        assertThat(partition.plan(3, workers(10, 10))).isEqualTo(new Result.TooFewWorkers(3, 2));
        assertThat(partition.plan(0, List.of())).isEqualTo(new Result.TooFewWorkers(1, 0));
        assertThat(partition.plan(5, workers(9, 9, 9, 9, 9)))
                .isEqualTo(new Result.TooFewWorkers(5, 4));
    }

    @Test
    void says_how_much_memory_is_missing() {
        var partition = new Partition(4, costs(new long[] {10, 10, 10, 10}, 1));

        var result = partition.plan(2, workers(15, 12));

        assertThat(result).isEqualTo(new Result.TooLittleMemory(40, 27, 8, 2));
    }

    @Test
    void keeps_the_order_of_workers_that_are_given_in_order() {
        var partition = new Partition(4, costs(new long[] {10, 10, 10, 10}, 1));
        var workers = workers(10, 30);

        var placed = placed(partition.planInOrder(workers));

        assertThat(placed.stream().map(Assignment::worker))
                .containsExactly(workers.get(0).worker(), workers.get(1).worker());
        assertThat(placed.getFirst().layers()).isEqualTo(new LayerRange(0, 1));
    }

    private static List<Assignment> placed(Result result) {
        assertThat(result).isInstanceOf(Result.Placed.class);
        return ((Result.Placed) result).assignments();
    }

    private static Partition.Costs costs(long[] memory, long computeOfLast) {
        return new Partition.Costs() {
            @Override
            public long memory(LayerRange range, int stage, int stages) {
                return LongStream.range(range.first(), range.end()).map(i -> memory[(int) i]).sum();
            }

            @Override
            public Work work(LayerRange range) {
                long head = range.end() == memory.length ? computeOfLast : 0;
                return new Work(range.size() + head, 0, 0, 0);
            }

            @Override
            public int microBatches() {
                return 3;
            }

            @Override
            public double bytesBetween() {
                return 0;
            }

            @Override
            public int crossings() {
                return 1;
            }

            @Override
            public Link link(PeerId from, PeerId to) {
                return new Link(latency(from, to), 1);
            }
        };
    }

    private static List<Candidate> workers(long... memory) {
        var candidates = new ArrayList<Candidate>();
        for (long bytes : memory) {
            candidates.add(worker(candidates.size(), bytes, 1, 0));
        }
        return candidates;
    }

    private static Candidate worker(int number, long bytes, double speed, double latency) {
        LATENCIES.put(PEERS.get(number), latency);
        return new Candidate(PEERS.get(number), bytes, new Speed(speed, 1, 1, 1));
    }

    /** Of one to the next: unlike there and back where the first is far from the second. */
    private static double latency(PeerId from, PeerId to) {
        double there = LATENCIES.getOrDefault(from, 0.0);
        double here = LATENCIES.getOrDefault(to, 0.0);
        return Math.max(there, here) + there * here / 3 + there / 7;
    }

    private static final Map<PeerId, Double> LATENCIES = new HashMap<>();

    private static final List<PeerId> PEERS =
            LongStream.range(0, 8).mapToObj(_ -> KeyPair.generate().peerId()).toList();

    private static double bruteForce(
            int layers, Partition.Costs costs, List<Candidate> candidates, int stages) {
        double best = Double.POSITIVE_INFINITY;
        for (var order : orders(candidates)) {
            double hops = 0;
            for (int s = 1; s < stages; s++) {
                hops += latency(order.get(s - 1).worker(), order.get(s).worker());
            }
            best = Math.min(best, hops + bruteForce(layers, costs, order, 0, stages, 0, 0, 0));
        }
        return best;
    }

    private static double bruteForce(
            int layers,
            Partition.Costs costs,
            List<Candidate> order,
            int stage,
            int stages,
            int first,
            double sum,
            double slowest) {
        if (stage == stages) {
            return first == layers ? sum + 2 * slowest : Double.POSITIVE_INFINITY;
        }
        double best = Double.POSITIVE_INFINITY;
        for (int end = first + 1; end <= layers; end++) {
            var range = new LayerRange(first, end);
            var worker = order.get(stage);
            if (costs.memory(range, stage, stages) <= worker.freeBytes()) {
                double time = costs.work(range).forward() / worker.speed().forward();
                best =
                        Math.min(
                                best,
                                bruteForce(
                                        layers,
                                        costs,
                                        order,
                                        stage + 1,
                                        stages,
                                        end,
                                        sum + time,
                                        Math.max(slowest, time)));
            }
        }
        return best;
    }

    private static List<List<Candidate>> orders(List<Candidate> candidates) {
        if (candidates.isEmpty()) {
            return List.of(List.of());
        }
        var all = new ArrayList<List<Candidate>>();
        for (int i = 0; i < candidates.size(); i++) {
            var rest = new ArrayList<>(candidates);
            var head = rest.remove(i);
            for (var tail : orders(rest)) {
                var order = new ArrayList<Candidate>(List.of(head));
                order.addAll(tail);
                all.add(order);
            }
        }
        return all;
    }
}
