package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.market.Placement.Assignment;
import tensorlink.jobs.market.Placement.Candidate;
import tensorlink.jobs.market.Placement.Result;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PlacementTest {

    @Test
    void splits_evenly_where_memory_does_not_matter() {
        var placement = new Placement(8, costs(new long[8], 0));

        var placed = placed(placement.plan(2, workers(100, 100)));

        assertThat(placed.stream().map(Assignment::layers))
                .containsExactly(new LayerRange(0, 4), new LayerRange(4, 8));
    }

    @Test
    void takes_as_few_workers_as_fit() {
        var placement = new Placement(6, costs(new long[] {10, 10, 10, 10, 10, 10}, 1));

        assertThat(placed(placement.plan(0, workers(100, 100, 100)))).hasSize(1);
        assertThat(placed(placement.plan(0, workers(30, 30, 30)))).hasSize(2);
        assertThat(placed(placement.plan(0, workers(20, 20, 20)))).hasSize(3);
    }

    @Test
    void gives_the_worker_with_more_memory_more_layers() {
        var placement = new Placement(6, costs(new long[] {10, 10, 10, 10, 10, 10}, 1));

        var placed = placed(placement.plan(2, workers(45, 25)));

        assertThat(placed.stream().mapToInt(assignment -> assignment.layers().size()))
                .containsExactlyInAnyOrder(4, 2);
    }

    @Test
    void finds_the_best_split_of_all_as_trying_every_one_does() {
        for (long seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            int layers = 1 + random.nextInt(6);
            int stages = 1 + random.nextInt(Math.min(4, layers));
            var memory = random.longs(layers, 1, 20).toArray();
            var candidates = workers(random.longs(stages, 5, 60).toArray());
            var costs = costs(memory, 1 + random.nextInt(3));

            var result = new Placement(layers, costs).plan(stages, candidates);
            long best = bruteForce(layers, costs, candidates, stages);

            long found =
                    result instanceof Result.Placed(var assignments)
                            ? assignments.stream()
                                    .mapToLong(assignment -> costs.compute(assignment.layers()))
                                    .max()
                                    .orElseThrow()
                            : Long.MAX_VALUE;
            assertThat(found).as("seed " + seed).isEqualTo(best);
        }
    }

    @Test
    void says_how_many_workers_are_missing() {
        var placement = new Placement(4, costs(new long[4], 1));

        assertThat(placement.plan(3, workers(10, 10))).isEqualTo(new Result.TooFewWorkers(3, 2));
        assertThat(placement.plan(0, List.of())).isEqualTo(new Result.TooFewWorkers(1, 0));
        assertThat(placement.plan(5, workers(9, 9, 9, 9, 9)))
                .isEqualTo(new Result.TooFewWorkers(5, 4));
    }

    @Test
    void says_how_much_memory_is_missing() {
        var placement = new Placement(4, costs(new long[] {10, 10, 10, 10}, 1));

        var result = placement.plan(2, workers(15, 12));

        assertThat(result).isEqualTo(new Result.TooLittleMemory(40, 27, 8, 2));
    }

    @Test
    void keeps_the_order_of_workers_that_are_given_in_order() {
        var placement = new Placement(4, costs(new long[] {10, 10, 10, 10}, 1));
        var workers = workers(10, 30);

        var placed = placed(placement.planInOrder(workers));

        assertThat(placed.stream().map(Assignment::worker))
                .containsExactly(workers.get(0).worker(), workers.get(1).worker());
        assertThat(placed.getFirst().layers()).isEqualTo(new LayerRange(0, 1));
    }

    private static List<Assignment> placed(Result result) {
        assertThat(result).isInstanceOf(Result.Placed.class);
        return ((Result.Placed) result).assignments();
    }

    private static Placement.Costs costs(long[] memory, long computeOfLast) {
        return new Placement.Costs() {
            @Override
            public long memory(LayerRange range, int stage, int stages) {
                return LongStream.range(range.first(), range.end()).map(i -> memory[(int) i]).sum();
            }

            @Override
            public long compute(LayerRange range) {
                return range.size() + (range.end() == memory.length ? computeOfLast : 0);
            }
        };
    }

    private static List<Candidate> workers(long... memory) {
        var candidates = new ArrayList<Candidate>();
        for (long bytes : memory) {
            candidates.add(new Candidate(PEERS.get(candidates.size()), bytes));
        }
        return candidates;
    }

    private static final List<PeerId> PEERS =
            LongStream.range(0, 8).mapToObj(_ -> KeyPair.generate().peerId()).toList();

    private static long bruteForce(
            int layers, Placement.Costs costs, List<Candidate> candidates, int stages) {
        long best = Long.MAX_VALUE;
        for (var order : orders(candidates)) {
            best = Math.min(best, bruteForce(layers, costs, order, 0, stages, 0));
        }
        return best;
    }

    private static long bruteForce(
            int layers,
            Placement.Costs costs,
            List<Candidate> order,
            int stage,
            int stages,
            int first) {
        if (stage == stages) {
            return first == layers ? 0 : Long.MAX_VALUE;
        }
        long best = Long.MAX_VALUE;
        for (int end = first + 1; end <= layers; end++) {
            var range = new LayerRange(first, end);
            if (costs.memory(range, stage, stages) <= order.get(stage).freeBytes()) {
                long rest = bruteForce(layers, costs, order, stage + 1, stages, end);
                best = Math.min(best, Math.max(costs.compute(range), rest));
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
