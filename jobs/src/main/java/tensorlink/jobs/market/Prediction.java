package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.LayerRange;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.schedule.Simulation;
import tensorlink.compute.schedule.Step;
import tensorlink.jobs.job.Grid;

/**
 * How long a step of a plan takes: its schedule is simulated, with each worker's own speed and each
 * link that is passed; then replicas add up their gradients and the optimizer steps.
 *
 * <p>A backward in two parts takes half of its time for each. Replicas that add up send {@code 2 (n
 * - 1) / n} of the gradients, over the slower of the links to the replicas before and after.
 *
 * @param workers of all places of the grid, in their order
 * @param ranges the layers of each stage
 */
public record Prediction(
        Grid grid,
        List<Partition.Candidate> workers,
        List<LayerRange> ranges,
        Partition.Costs costs) {
    public Prediction {
        workers = List.copyOf(workers);
        ranges = List.copyOf(ranges);
        if (workers.size() != grid.size() || ranges.size() != grid.stages()) {
            throw new IllegalArgumentException(
                    workers.size() + " workers and " + ranges.size() + " ranges for " + grid);
        }
    }

    /** Seconds in which a token, or another pass without backward, goes through all stages. */
    public double secondsOfPass() {
        double seconds = 0;
        for (int stage = 0; stage < grid.stages(); stage++) {
            seconds += costs.work(ranges.get(stage)).secondsForward(workers.get(stage).speed());
            seconds += stage == 0 ? 0 : link(stage - 1, stage).seconds(1, costs.bytesBetween());
        }
        return seconds;
    }

    /**
     * Seconds of a step.
     *
     * @throws IllegalArgumentException when the schedule is none for so many workers and
     *     micro-batches
     */
    public double seconds(Schedule schedule) {
        int replicas = grid.replicas();
        var shape = new PipelineShape(grid.stages(), costs.microBatches() * replicas);
        var lists = new ArrayList<List<Step>>();
        for (int replica = 0; replica < replicas; replica++) {
            lists.addAll(schedule.steps(shape.share(replicas)));
        }
        return switch (Simulation.run(shape, replicas, lists, simulated())) {
            case Simulation.Outcome.Done done -> done.time() + optimizer();
            case Simulation.Outcome.Deadlock stuck ->
                    throw new IllegalStateException(schedule.label() + ": " + stuck);
            case Simulation.Outcome.Malformed malformed ->
                    throw new IllegalStateException(schedule.label() + ": " + malformed);
        };
    }

    private Simulation.Costs simulated() {
        return new Simulation.Costs() {
            @Override
            public double compute(int place, Step step) {
                var work = costs.work(ranges.get(grid.stage(place)));
                var speed = workers.get(place).speed();
                double backward = work.secondsBackward(speed);
                return switch (step) {
                    case Step.Forward _ -> work.secondsForward(speed);
                    case Step.Backward _ -> backward;
                    case Step.InputGradient _, Step.WeightGradient _ -> backward / 2;
                };
            }

            @Override
            public double hop(int from, int to) {
                return link(from, to).seconds(1, costs.bytesBetween() / costs.crossings());
            }

            @Override
            public double sum(int place) {
                int replicas = grid.replicas();
                int stage = grid.stage(place);
                int replica = grid.replica(place);
                double bytes =
                        2.0 * (replicas - 1) / replicas * costs.gradientBytes(ranges.get(stage));
                int next = grid.place((replica + 1) % replicas, stage);
                int before = grid.place((replica + replicas - 1) % replicas, stage);
                return Math.max(
                        link(place, next).seconds(2, bytes), link(before, place).seconds(2, bytes));
            }
        };
    }

    private Link link(int from, int to) {
        return costs.link(workers.get(from).worker(), workers.get(to).worker());
    }

    /** All wait for the slowest, since a step counts everywhere or nowhere. */
    private double optimizer() {
        double most = 0;
        for (int place = 0; place < grid.size(); place++) {
            var work = costs.work(ranges.get(grid.stage(place)));
            most = Math.max(most, work.secondsPerStep(workers.get(place).speed()));
        }
        return most;
    }
}
