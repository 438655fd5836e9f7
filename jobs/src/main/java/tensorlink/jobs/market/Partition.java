package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.compute.Work;
import tensorlink.p2p.peer.PeerId;

/**
 * Decides which worker holds which layers: of all contiguous splits that fit into the workers'
 * memory, the one with the least predicted time of a step. Layers that a given machine is to hold
 * at one end of the model or at both are left to it.
 *
 * <p>With {@code t} the time of a micro-batch on a stage, {@code u} that of the optimizer's step
 * and {@code m} micro-batches, a step takes {@code sum(t) + sum(hops) + max((m - 1) t + u)}: the
 * first micro-batch goes through all stages, the slowest stage then holds up all others. So it is
 * under GPipe and 1F1B; other schedules take less, and what a plan is then predicted to take is
 * {@link Prediction}'s to say.
 *
 * <p>Exact for a given order of workers (dynamic programming over stages and layers, which keeps
 * every pair of sum and maximum that no other one is better than in both). Up to {@value
 * #EXACT_MAX} candidates are tried in every choice and order; of more only those with the most
 * memory, from most to least.
 */
public final class Partition {
    private static final int EXACT_MAX = 5;

    private final int layers;
    private final Costs costs;
    private final List<Seat> before;
    private final List<Seat> after;

    /** The most stages there can be, besides those that are given. */
    private final int parts;

    /** What a stage costs. Memory must grow with the range. */
    public interface Costs {
        /** Whether a stage may end before layer {@code cut}, from 1 to below their number. */
        default boolean mayCut(int cut) {
            return true;
        }

        /** Bytes the layers need as stage {@code stage} of {@code stages}. */
        long memory(LayerRange range, int stage, int stages);

        /** What the layers have to do. */
        Work work(LayerRange range);

        /** Parts of a batch, at least 1. */
        int microBatches();

        /** Bytes that go from stage to stage for a micro-batch, there and back. */
        double bytesBetween();

        /** How often a micro-batch goes from stage to stage: once, or there and back. */
        int crossings();

        /** Bytes of the gradients of a stage, which replicas of it add up. */
        default double gradientBytes(LayerRange range) {
            return 0;
        }

        /** How they go from one worker to the next. */
        default Link link(PeerId from, PeerId to) {
            return Link.ASSUMED;
        }
    }

    /** A worker that may be asked, the memory it has free, and how fast it is. */
    public record Candidate(PeerId worker, long freeBytes, Speed speed) {}

    /** Layers that stay where they are: from the first on, or up to the last. */
    public record Held(Candidate holder, LayerRange layers) {}

    /** Who has a stage, and what it must hold, if that is given. */
    private record Seat(Candidate candidate, @Nullable LayerRange held) {}

    /** A worker and its layers. */
    public record Assignment(PeerId worker, LayerRange layers, long memoryBytes) {}

    /** What came of planning. */
    public sealed interface Result {

        /**
         * It fits so.
         *
         * @param assignments one per stage, in order
         * @param seconds that a step is predicted to take
         */
        record Placed(List<Assignment> assignments, double seconds) implements Result {
            public Placed {
                assignments = List.copyOf(assignments);
            }
        }

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
    public Partition(int layers, Costs costs) {
        this(layers, costs, List.of());
    }

    /**
     * For a model whose ends are given.
     *
     * @param ends at most one at each end, where the model may be cut; they leave layers for others
     */
    public Partition(int layers, Costs costs, List<Held> ends) {
        if (layers < 1) {
            throw new IllegalArgumentException("layers " + layers);
        }
        this.layers = layers;
        this.costs = costs;
        var head = new ArrayList<Seat>();
        var tail = new ArrayList<Seat>();
        int first = 0;
        int end = layers;
        for (var held : ends) {
            var range = held.layers();
            var seat = new Seat(held.holder(), range);
            if (range.first() == 0) {
                head.add(seat);
                first = range.end();
            } else {
                tail.add(seat);
                end = range.end() == layers ? range.first() : -1;
            }
        }
        if (head.size() > 1 || tail.size() > 1 || first >= end) {
            throw new IllegalArgumentException(
                    "given ends " + ends.stream().map(Held::layers).toList() + " of " + layers);
        }
        this.before = List.copyOf(head);
        this.after = List.copyOf(tail);
        this.parts = 1 + (int) IntStream.range(first + 1, end).filter(costs::mayCut).count();
    }

    /** The most stages there can be, besides those that are given. */
    public int parts() {
        return parts;
    }

    /**
     * Plans with any of {@code candidates}.
     *
     * @param stages how many to use besides those that are given; 0 for as few as fit
     */
    public Result plan(int stages, List<Candidate> candidates) {
        var byMemory = new ArrayList<>(candidates);
        byMemory.sort(
                Comparator.comparingLong(Candidate::freeBytes)
                        .reversed()
                        .thenComparing(candidate -> candidate.worker().toString()));
        if (stages > parts) {
            return new Result.TooFewWorkers(stages, Math.min(parts, byMemory.size()));
        }
        if (stages > byMemory.size() || byMemory.isEmpty()) {
            return new Result.TooFewWorkers(Math.max(1, stages), byMemory.size());
        }
        var unfit = unfitEnd();
        if (unfit.isPresent()) {
            return unfit.get();
        }
        int most = stages > 0 ? stages : Math.min(parts, byMemory.size());
        for (int count = stages > 0 ? stages : 1; count <= most; count++) {
            var placed = best(byMemory, count);
            if (placed.isPresent()) {
                return placed.get();
            }
        }
        return shortage(byMemory.subList(0, most));
    }

    /** Plans with exactly {@code workers}, the first holding the first layers. */
    public Result planInOrder(List<Candidate> workers) {
        if (workers.isEmpty() || workers.size() > parts) {
            return new Result.TooFewWorkers(workers.size(), Math.min(parts, workers.size()));
        }
        var unfit = unfitEnd();
        if (unfit.isPresent()) {
            return unfit.get();
        }
        var split = split(workers);
        return split == null ? shortage(workers) : split;
    }

    /** Says what is missing where a stage that is given does not fit. */
    private Optional<Result> unfitEnd() {
        for (var seat : around(List.of())) {
            var range = Objects.requireNonNull(seat.held());
            long memory = costs.memory(range, range.first() == 0 ? 0 : 1, 2);
            long free = seat.candidate().freeBytes();
            if (memory > free) {
                return Optional.of(new Result.TooLittleMemory(memory, free, memory - free, 1));
            }
        }
        return Optional.empty();
    }

    /** All stages: {@code workers} between the ends that are given. */
    private List<Seat> around(List<Candidate> workers) {
        var seats = new ArrayList<>(before);
        workers.forEach(worker -> seats.add(new Seat(worker, null)));
        seats.addAll(after);
        return seats;
    }

    /**
     * Judges a plan that is given.
     *
     * @param given of {@code between}, in order; together with the ends that are given they hold
     *     every layer once
     */
    public Result judge(List<Candidate> between, List<LayerRange> given) {
        var seats = around(between);
        var workers = seats.stream().map(Seat::candidate).toList();
        var ranges = new ArrayList<LayerRange>();
        before.forEach(seat -> ranges.add(seat.held()));
        ranges.addAll(given);
        after.forEach(seat -> ranges.add(seat.held()));
        int stages = workers.size();
        var assignments = new ArrayList<Assignment>();
        double sum = hops(workers);
        double worst = 0;
        long offered = 0;
        long needed = 0;
        long missing = 0;
        for (int stage = 0; stage < stages; stage++) {
            var worker = workers.get(stage);
            var range = ranges.get(stage);
            long memory = costs.memory(range, stage, stages);
            assignments.add(new Assignment(worker.worker(), range, memory));
            offered += worker.freeBytes();
            needed += memory;
            missing = Math.max(missing, memory - worker.freeBytes());
            sum += first(worker, range);
            worst = Math.max(worst, others(worker, range));
        }
        return missing > 0
                ? new Result.TooLittleMemory(needed, offered, missing, stages)
                : new Result.Placed(assignments, sum + worst);
    }

    /** Seconds of a stage's first micro-batch. */
    private double first(Candidate worker, LayerRange range) {
        return costs.work(range).secondsPerMicroBatch(worker.speed());
    }

    /** Seconds of the others, and of the optimizer's step. */
    private double others(Candidate worker, LayerRange range) {
        var work = costs.work(range);
        return (costs.microBatches() - 1) * work.secondsPerMicroBatch(worker.speed())
                + work.secondsPerStep(worker.speed());
    }

    private double hops(List<Candidate> workers) {
        double seconds = 0;
        for (int stage = 1; stage < workers.size(); stage++) {
            var link = link(workers.get(stage - 1), workers.get(stage));
            seconds += link.seconds(costs.crossings(), costs.bytesBetween());
        }
        return seconds;
    }

    private Optional<Result.Placed> best(List<Candidate> candidates, int count) {
        Result.Placed best = null;
        if (candidates.size() > EXACT_MAX) {
            best = split(candidates.subList(0, count));
        } else {
            for (var order : orders(candidates, count, candidates)) {
                var split = split(order);
                if (split != null && (best == null || split.seconds() < best.seconds())) {
                    best = split;
                }
            }
        }
        return Optional.ofNullable(best);
    }

    /** A way to place the layers before {@code end}: the last stage begins at {@code first}. */
    private record Path(double sum, double worst, int first, int end, @Nullable Path before) {}

    /** The best split for workers in this order; null when none fits. */
    private Result.@Nullable Placed split(List<Candidate> between) {
        var seats = around(between);
        var workers = seats.stream().map(Seat::candidate).toList();
        int stages = seats.size();
        var paths = new ArrayList<List<Path>>();
        for (int end = 0; end <= layers; end++) {
            paths.add(end == 0 ? List.of(new Path(hops(workers), 0, 0, 0, null)) : List.of());
        }
        for (int stage = 0; stage < stages; stage++) {
            var longer = new ArrayList<List<Path>>();
            for (int end = 0; end <= layers; end++) {
                boolean leavesEnough =
                        end > stage
                                && (end == layers || costs.mayCut(end))
                                && end <= layers - (stages - 1 - stage)
                                && (stage < stages - 1 || end == layers);
                longer.add(
                        leavesEnough
                                ? extend(paths, seats.get(stage), end, stage, stages)
                                : List.of());
            }
            paths = longer;
        }
        Path best = null;
        for (var path : paths.get(layers)) {
            if (best == null || path.sum() + path.worst() < best.sum() + best.worst()) {
                best = path;
            }
        }
        return best == null ? null : placed(best, workers);
    }

    private List<Path> extend(List<List<Path>> paths, Seat seat, int end, int stage, int stages) {
        var worker = seat.candidate();
        var all = new ArrayList<Path>();
        for (int first = end - 1; first >= stage; first--) {
            if (paths.get(first).isEmpty()) {
                continue;
            }
            var range = new LayerRange(first, end);
            if (seat.held() != null && !seat.held().equals(range)) {
                continue;
            }
            if (costs.memory(range, stage, stages) > worker.freeBytes()) {
                break; // more layers need more
            }
            double own = first(worker, range);
            double others = others(worker, range);
            for (var before : paths.get(first)) {
                all.add(
                        new Path(
                                before.sum() + own,
                                Math.max(before.worst(), others),
                                first,
                                end,
                                before));
            }
        }
        return undominated(all);
    }

    private static List<Path> undominated(List<Path> paths) {
        paths.sort(Comparator.comparingDouble(Path::sum).thenComparingDouble(Path::worst));
        var kept = new ArrayList<Path>();
        double least = Double.POSITIVE_INFINITY;
        for (var path : paths) {
            if (path.worst() < least) {
                least = path.worst();
                kept.add(path);
            }
        }
        return kept;
    }

    private Result.Placed placed(Path best, List<Candidate> workers) {
        int stages = workers.size();
        var assignments = new ArrayList<Assignment>();
        var path = best;
        for (int stage = stages - 1; stage >= 0 && path != null; stage--) {
            var range = new LayerRange(path.first(), path.end());
            assignments.addFirst(
                    new Assignment(
                            workers.get(stage).worker(),
                            range,
                            costs.memory(range, stage, stages)));
            path = path.before();
        }
        return new Result.Placed(assignments, best.sum() + best.worst());
    }

    /** Says how much is missing, for an even split over these workers from most memory to least. */
    private Result shortage(List<Candidate> workers) {
        int stages = workers.size();
        long needed = 0;
        long missing = 0;
        int first = before.isEmpty() ? 0 : Objects.requireNonNull(before.getFirst().held()).end();
        int end =
                after.isEmpty() ? layers : Objects.requireNonNull(after.getFirst().held()).first();
        int count = end - first;
        for (int stage = 0; stage < stages; stage++) {
            var range =
                    new LayerRange(
                            first + count * stage / stages, first + count * (stage + 1) / stages);
            long memory = costs.memory(range, before.size() + stage, stages);
            needed += memory;
            missing = Math.max(missing, memory - workers.get(stage).freeBytes());
        }
        long offered = workers.stream().mapToLong(Candidate::freeBytes).sum();
        return new Result.TooLittleMemory(needed, offered, missing, stages);
    }

    /**
     * Every choice of {@code count} workers, in every order, which may follow others of them all.
     */
    private List<List<Candidate>> orders(List<Candidate> workers, int count, List<Candidate> all) {
        if (count == 0) {
            return List.of(List.of());
        }
        var orders = new ArrayList<List<Candidate>>();
        for (int i = 0; i < workers.size(); i++) {
            var head = workers.get(i);
            if (workers.subList(0, i).stream().anyMatch(tried -> alike(tried, head, all))) {
                continue;
            }
            var rest = new ArrayList<>(workers);
            rest.remove(i);
            for (var tail : orders(rest, count - 1, all)) {
                var order = new ArrayList<Candidate>();
                order.add(head);
                order.addAll(tail);
                orders.add(order);
            }
        }
        return orders;
    }

    /** Whether two workers differ in name only, so that the second need not be tried. */
    private boolean alike(Candidate one, Candidate two, List<Candidate> all) {
        if (one.freeBytes() != two.freeBytes() || !one.speed().equals(two.speed())) {
            return false;
        }
        var others = new ArrayList<>(all);
        before.forEach(seat -> others.add(seat.candidate()));
        after.forEach(seat -> others.add(seat.candidate()));
        others.removeAll(List.of(one, two));
        return link(one, two).equals(link(two, one))
                && others.stream()
                        .allMatch(other ->
                                link(one, other).equals(link(two, other))
                                        && link(other, one).equals(link(other, two)));
    }

    private Link link(Candidate from, Candidate to) {
        return costs.link(from.worker(), to.worker());
    }
}
