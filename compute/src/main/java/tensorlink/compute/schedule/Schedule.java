package tensorlink.compute.schedule;

import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;

/**
 * The order of forwards and backwards on one stage of a pipeline.
 *
 * <p>Every schedule runs backwards in the order of micro-batches, because that order decides the
 * bits of the accumulated gradients; so all schedules, and all splits, give the same gradients.
 */
public final class Schedule {
    private Schedule() {}

    /**
     * Fills the pipeline with one forward for each stage behind, then alternates, so that no more
     * micro-batches are in flight than there are stages from this one to the last.
     *
     * <p>Source: Narayanan et al., "PipeDream: Generalized Pipeline Parallelism for DNN Training",
     * SOSP 2019, in the flushing form of Megatron-LM.
     */
    public static List<Step> oneForwardOneBackward(int stage, int stages, int microBatches) {
        requireStage(stage, stages);
        return withWarmUp(Math.min(stages - 1 - stage, microBatches), microBatches);
    }

    /**
     * All forwards, then all backwards: every micro-batch is in flight at once.
     *
     * <p>Source: Huang et al., "GPipe: Efficient Training of Giant Neural Networks using Pipeline
     * Parallelism", NeurIPS 2019.
     */
    public static List<Step> forwardsThenBackwards(int microBatches) {
        return withWarmUp(microBatches, microBatches);
    }

    /**
     * How many micro-batches {@link #oneForwardOneBackward} keeps in flight on a stage, at most.
     */
    public static int inFlight(int stage, int stages, int microBatches) {
        requireStage(stage, stages);
        return Math.min(stages - stage, microBatches);
    }

    private static List<Step> withWarmUp(int warmUp, int microBatches) {
        if (microBatches < 1) {
            throw new IllegalArgumentException("micro-batches " + microBatches + ", at least 1");
        }
        var steps = new ArrayList<Step>(2 * microBatches);
        for (int m = 0; m < warmUp; m++) {
            steps.add(new Forward(m));
        }
        for (int m = 0; m < microBatches; m++) {
            if (warmUp + m < microBatches) {
                steps.add(new Forward(warmUp + m));
            }
            steps.add(new Backward(m));
        }
        return List.copyOf(steps);
    }

    private static void requireStage(int stage, int stages) {
        if (stage < 0 || stage >= stages) {
            throw new IllegalArgumentException("stage " + stage + " of " + stages);
        }
    }
}
