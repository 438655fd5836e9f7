package tensorlink.compute.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;
import tensorlink.compute.schedule.Step.InputGradient;
import tensorlink.compute.schedule.Step.WeightGradient;

/**
 * What would come of a pipeline whose workers go through lists of steps, each doing its next as
 * soon as its input is there: whether they all come to an end, in the right order, how long that
 * takes, and how many micro-batches are in flight.
 */
public final class Simulation {
    private final PipelineShape shape;
    private final List<List<Step>> lists;
    private final Costs costs;

    /** How many workers there are before this replica's. */
    private final int before;

    /** When a thing was done; infinite: not yet. Indexed by stage, then micro-batch. */
    private final double[][] forwards;

    private final double[][] inputGradients;
    private final int[] gradientsBegun;
    private final int[] gradientsAdded;
    private final int[] next;
    private final double[] free;
    private final double[] busy;
    private final List<Turn> order = new ArrayList<>();

    /** How long steps take, and a tensor from one worker to the next, in any unit of time. */
    public interface Costs {
        double compute(int worker, Step step);

        double hop(int fromWorker, int toWorker);

        /** Adding the gradients of all replicas of {@code worker}'s stage. */
        default double sum(int worker) {
            return 0;
        }

        /** The three parts of a step take as long everywhere, hops nothing. */
        static Costs even(double forward, double inputGradient, double weightGradient) {
            return new Costs() {
                @Override
                public double compute(int worker, Step step) {
                    return switch (step) {
                        case Forward _ -> forward;
                        case Backward _ -> inputGradient + weightGradient;
                        case InputGradient _ -> inputGradient;
                        case WeightGradient _ -> weightGradient;
                    };
                }

                @Override
                public double hop(int fromWorker, int toWorker) {
                    return 0;
                }
            };
        }
    }

    /** A step of a worker. */
    public record Turn(int worker, Step step) {}

    /** What came of it. */
    public sealed interface Outcome {

        /**
         * All steps were done; in {@code order} those of one replica come before the next's.
         *
         * @param time from the first to the last
         * @param busy how long each worker computes in this time
         * @param inFlight the most micro-batches in flight on each worker, counted per chunk
         * @param order one order in which all steps can be done one after another
         */
        record Done(double time, List<Double> busy, List<Integer> inFlight, List<Turn> order)
                implements Outcome {
            public Done {
                busy = List.copyOf(busy);
                inFlight = List.copyOf(inFlight);
                order = List.copyOf(order);
            }

            /** The part of all workers' time in which they wait. */
            public double bubble() {
                double worked = 0;
                for (double one : busy) {
                    worked += one;
                }
                return 1 - worked / (time * busy.size());
            }
        }

        /** Each of these waits for another, so nothing goes on. */
        record Deadlock(List<Turn> waiting) implements Outcome {
            public Deadlock {
                waiting = List.copyOf(waiting);
            }
        }

        /** A list does something twice, never, too early or out of order. */
        record Malformed(int worker, String what) implements Outcome {}
    }

    private Simulation(PipelineShape shape, List<List<Step>> lists, Costs costs, int before) {
        this.shape = shape;
        this.lists = lists;
        this.costs = costs;
        this.before = before;
        this.forwards = new double[shape.stages()][shape.microBatches()];
        this.inputGradients = new double[shape.stages()][shape.microBatches()];
        for (int s = 0; s < shape.stages(); s++) {
            Arrays.fill(forwards[s], Double.POSITIVE_INFINITY);
            Arrays.fill(inputGradients[s], Double.POSITIVE_INFINITY);
        }
        this.gradientsBegun = new int[shape.stages()];
        this.gradientsAdded = new int[shape.stages()];
        this.next = new int[shape.workers()];
        this.free = new double[shape.workers()];
        this.busy = new double[shape.workers()];
    }

    /**
     * Runs {@code lists}, one per worker.
     *
     * @throws IllegalArgumentException when there are more lists than workers, or fewer
     */
    public static Outcome run(PipelineShape shape, List<List<Step>> lists, Costs costs) {
        return run(shape, 1, lists, costs);
    }

    /**
     * Runs replicas of a pipeline. Workers are counted through: the first replica's, then the
     * second's. When all replicas of a stage are at the end of their lists, each of them takes
     * {@link Costs#sum} to add their gradients.
     *
     * @param shape of the whole batch, of which each replica has its share
     * @param lists one per worker, of the micro-batches of a share, from 0
     * @throws IllegalArgumentException when there are more lists than workers, or fewer, or the
     *     replicas cannot share the micro-batches evenly
     */
    public static Outcome run(
            PipelineShape shape, int replicas, List<List<Step>> lists, Costs costs) {
        var share = shape.share(replicas);
        int workers = shape.workers();
        if (lists.size() != replicas * workers) {
            throw new IllegalArgumentException(
                    lists.size() + " lists for " + replicas * workers + " workers");
        }
        var finished = new double[workers];
        var all = new ArrayList<Outcome.Done>();
        for (int first = 0; first < lists.size(); first += workers) {
            var one = new Simulation(share, lists.subList(first, first + workers), costs, first);
            switch (one.run()) {
                case Outcome.Done done -> all.add(done);
                case Outcome.Deadlock stuck -> {
                    return stuck;
                }
                case Outcome.Malformed malformed -> {
                    return malformed;
                }
            }
            for (int w = 0; w < workers; w++) {
                finished[w] = Math.max(finished[w], one.free[w]);
            }
        }
        double time = 0;
        var busy = new ArrayList<Double>();
        for (int worker = 0; worker < lists.size(); worker++) {
            double sum = replicas == 1 ? 0 : costs.sum(worker);
            time = Math.max(time, finished[worker % workers] + sum);
            busy.add(all.get(worker / workers).busy().get(worker % workers) + sum);
        }
        return new Outcome.Done(
                time,
                busy,
                all.stream().flatMap(done -> done.inFlight().stream()).toList(),
                all.stream().flatMap(done -> done.order().stream()).toList());
    }

    private Outcome run() {
        for (boolean moved = true; moved; ) {
            moved = false;
            for (int w = 0; w < shape.workers(); w++) {
                while (next[w] < lists.get(w).size()) {
                    var step = lists.get(w).get(next[w]);
                    var wrong = wrong(w, step);
                    if (wrong != null) {
                        return new Outcome.Malformed(before + w, wrong);
                    }
                    double ready = ready(w, step);
                    if (ready == Double.POSITIVE_INFINITY) {
                        break;
                    }
                    done(w, step, Math.max(ready, free[w]));
                    moved = true;
                }
            }
        }
        return outcome();
    }

    private Outcome outcome() {
        var waiting = new ArrayList<Turn>();
        for (int w = 0; w < shape.workers(); w++) {
            if (next[w] < lists.get(w).size()) {
                waiting.add(new Turn(before + w, lists.get(w).get(next[w])));
            }
        }
        if (!waiting.isEmpty()) {
            return new Outcome.Deadlock(waiting);
        }
        for (int s = 0; s < shape.stages(); s++) {
            if (gradientsAdded[s] < shape.microBatches()) {
                return new Outcome.Malformed(
                        before + s % shape.workers(),
                        "chunk "
                                + s / shape.workers()
                                + " has the gradients of "
                                + gradientsAdded[s]
                                + " micro-batches of "
                                + shape.microBatches());
            }
        }
        return new Outcome.Done(
                Arrays.stream(free).max().orElseThrow(),
                Arrays.stream(busy).boxed().toList(),
                lists.stream().map(Schedule::inFlight).toList(),
                order);
    }

    /** What no worker may do, whatever the others have done; null if it may. */
    private @Nullable String wrong(int worker, Step step) {
        int m = step.microBatch();
        if (step.chunk() < 0
                || step.chunk() >= shape.chunks()
                || m < 0
                || m >= shape.microBatches()) {
            return step + " of " + shape;
        }
        int s = shape.stage(worker, step.chunk());
        boolean forward = forwards[s][m] < Double.POSITIVE_INFINITY;
        boolean backward = inputGradients[s][m] < Double.POSITIVE_INFINITY;
        return switch (step) {
            case Forward _ -> forward ? step + " again" : null;
            case Backward _ ->
                    forward
                            ? outOfOrder(step, gradientsBegun[s] == m && gradientsAdded[s] == m)
                            : step + " before its forward";
            case InputGradient _ ->
                    forward
                            ? outOfOrder(step, gradientsBegun[s] == m)
                            : step + " before its forward";
            case WeightGradient _ ->
                    backward
                            ? outOfOrder(step, gradientsAdded[s] == m)
                            : step + " before its input gradient";
        };
    }

    private static @Nullable String outOfOrder(Step step, boolean inOrder) {
        return inOrder ? null : step + " out of order";
    }

    /** When the input of a step is there. */
    private double ready(int worker, Step step) {
        int s = shape.stage(worker, step.chunk());
        int m = step.microBatch();
        return switch (step) {
            case Forward _ -> s == 0 ? 0 : arrival(forwards[s - 1][m], s - 1, s);
            case Backward _, InputGradient _ ->
                    s == shape.stages() - 1
                            ? forwards[s][m]
                            : arrival(inputGradients[s + 1][m], s + 1, s);
            case WeightGradient _ -> inputGradients[s][m];
        };
    }

    private double arrival(double sent, int from, int to) {
        return sent + costs.hop(before + from % shape.workers(), before + to % shape.workers());
    }

    private void done(int worker, Step step, double begin) {
        int s = shape.stage(worker, step.chunk());
        int m = step.microBatch();
        double cost = costs.compute(before + worker, step);
        double end = begin + cost;
        switch (step) {
            case Forward _ -> forwards[s][m] = end;
            case Backward _ -> {
                inputGradients[s][m] = end;
                gradientsBegun[s]++;
                gradientsAdded[s]++;
            }
            case InputGradient _ -> {
                inputGradients[s][m] = end;
                gradientsBegun[s]++;
            }
            case WeightGradient _ -> gradientsAdded[s]++;
        }
        free[worker] = end;
        busy[worker] += cost;
        next[worker]++;
        order.add(new Turn(before + worker, step));
    }
}
