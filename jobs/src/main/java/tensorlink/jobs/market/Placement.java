package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.LayerRange;
import tensorlink.p2p.peer.PeerId;

/**
 * Decides which worker holds which layers, by memory: of all contiguous splits that fit, the one
 * whose busiest stage has the least to compute.
 *
 * <p>Exact for a given order of workers (dynamic programming over layers and stages). The workers
 * with most memory are taken; up to {@value #EXACT_ORDER_MAX} of them are tried in every order,
 * more only from most to least memory.
 */
public final class Placement {
    private static final int EXACT_ORDER_MAX = 6;

    private final int layers;
    private final Costs costs;

    /** What a stage costs. Both must grow with the range. */
    public interface Costs {
        /** Bytes the layers need as stage {@code stage} of {@code stages}. */
        long memory(LayerRange range, int stage, int stages);

        /** The layers' share of the work, in any unit. */
        long compute(LayerRange range);
    }

    /** A worker that may be asked, and the memory it has free. */
    public record Candidate(PeerId worker, long freeBytes) {}

    /** A worker and its layers. */
    public record Assignment(PeerId worker, LayerRange layers, long memoryBytes) {}

    /** What came of planning. */
    public sealed interface Result {

        /** It fits so; one assignment per stage, in order. */
        record Placed(List<Assignment> assignments) implements Result {}

        /** Too few workers. */
        record TooFewWorkers(int wanted, int found) implements Result {}

        /**
         * The model does not fit.
         *
         * @param needed bytes of the whole model in {@code stages} stages
         * @param offered free bytes of the workers tried
         * @param missing bytes the fullest stage lacks in the best split, or more
         */
        record TooLittleMemory(long needed, long offered, long missing, int stages)
                implements Result {}
    }

    /** For a model of {@code layers} layers. */
    public Placement(int layers, Costs costs) {
        if (layers < 1) {
            throw new IllegalArgumentException("layers " + layers);
        }
        this.layers = layers;
        this.costs = costs;
    }

    /**
     * Plans with any of {@code candidates}.
     *
     * @param stages how many to use; 0 for as few as fit
     */
    public Result plan(int stages, List<Candidate> candidates) {
        var byMemory = new ArrayList<>(candidates);
        byMemory.sort(
                Comparator.comparingLong(Candidate::freeBytes)
                        .reversed()
                        .thenComparing(candidate -> candidate.worker().toString()));
        if (stages > layers) {
            return new Result.TooFewWorkers(stages, Math.min(layers, byMemory.size()));
        }
        if (stages > byMemory.size() || byMemory.isEmpty()) {
            return new Result.TooFewWorkers(Math.max(1, stages), byMemory.size());
        }
        int most = stages > 0 ? stages : Math.min(layers, byMemory.size());
        for (int count = stages > 0 ? stages : 1; count <= most; count++) {
            var placed = inBestOrder(byMemory.subList(0, count));
            if (placed.isPresent()) {
                return new Result.Placed(placed.get());
            }
        }
        return shortage(byMemory.subList(0, most));
    }

    /** Plans with exactly {@code workers}, the first holding the first layers. */
    public Result planInOrder(List<Candidate> workers) {
        if (workers.isEmpty() || workers.size() > layers) {
            return new Result.TooFewWorkers(workers.size(), Math.min(layers, workers.size()));
        }
        var split = split(workers);
        return split == null ? shortage(workers) : new Result.Placed(split.assignments());
    }

    private Optional<List<Assignment>> inBestOrder(List<Candidate> workers) {
        if (workers.size() > EXACT_ORDER_MAX) {
            return Optional.ofNullable(split(workers)).map(Split::assignments);
        }
        Split best = null;
        for (var order : permutations(workers)) {
            var split = split(order);
            if (split != null && (best == null || split.bottleneck() < best.bottleneck())) {
                best = split;
            }
        }
        return Optional.ofNullable(best).map(Split::assignments);
    }

    private record Split(List<Assignment> assignments, long bottleneck) {}

    /** The best split for workers in this order; null when none fits. */
    private @Nullable Split split(List<Candidate> workers) {
        int stages = workers.size();
        // bottleneck[s][l]: the least possible largest compute of stages 0..s holding layers
        // 0..l-1.
        var bottleneck = new long[stages][layers + 1];
        var cut = new int[stages][layers + 1];
        for (int stage = 0; stage < stages; stage++) {
            Arrays.fill(bottleneck[stage], Long.MAX_VALUE);
            for (int end = stage + 1; end <= layers - (stages - 1 - stage); end++) {
                for (int first = stage == 0 ? 0 : end - 1; first >= stage; first--) {
                    long before = stage == 0 ? 0 : bottleneck[stage - 1][first];
                    var range = new LayerRange(first, end);
                    if (before == Long.MAX_VALUE
                            || costs.memory(range, stage, stages)
                                    > workers.get(stage).freeBytes()) {
                        continue;
                    }
                    long largest = Math.max(before, costs.compute(range));
                    if (largest < bottleneck[stage][end]) {
                        bottleneck[stage][end] = largest;
                        cut[stage][end] = first;
                    }
                }
            }
        }
        if (bottleneck[stages - 1][layers] == Long.MAX_VALUE) {
            return null;
        }
        var assignments = new ArrayList<Assignment>();
        int end = layers;
        for (int stage = stages - 1; stage >= 0; stage--) {
            var range = new LayerRange(cut[stage][end], end);
            assignments.addFirst(
                    new Assignment(
                            workers.get(stage).worker(),
                            range,
                            costs.memory(range, stage, stages)));
            end = range.first();
        }
        return new Split(List.copyOf(assignments), bottleneck[stages - 1][layers]);
    }

    /** Says how much is missing, for an even split over these workers from most memory to least. */
    private Result shortage(List<Candidate> workers) {
        int stages = workers.size();
        long needed = 0;
        long missing = 0;
        for (int stage = 0; stage < stages; stage++) {
            var range = new LayerRange(layers * stage / stages, layers * (stage + 1) / stages);
            long memory = costs.memory(range, stage, stages);
            needed += memory;
            missing = Math.max(missing, memory - workers.get(stage).freeBytes());
        }
        long offered = workers.stream().mapToLong(Candidate::freeBytes).sum();
        return new Result.TooLittleMemory(needed, offered, missing, stages);
    }

    private static List<List<Candidate>> permutations(List<Candidate> workers) {
        if (workers.size() <= 1) {
            return List.of(workers);
        }
        var all = new ArrayList<List<Candidate>>();
        for (int i = 0; i < workers.size(); i++) {
            var rest = new ArrayList<>(workers);
            var head = rest.remove(i);
            for (var tail : permutations(rest)) {
                var order = new ArrayList<Candidate>();
                order.add(head);
                order.addAll(tail);
                all.add(order);
            }
        }
        return all;
    }
}
