package tensorlink.compute.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tensorlink.compute.schedule.Step.Backward;
import tensorlink.compute.schedule.Step.Forward;
import tensorlink.compute.schedule.Step.InputGradient;
import tensorlink.compute.schedule.Step.WeightGradient;

/**
 * The order of forwards and backwards of a pipeline: for each worker a list of {@link Step}s, which
 * it does one after another, each as soon as its input is there.
 *
 * <p>In every list each stage adds the gradients of its parameters in the order of micro-batches,
 * because that order decides the bits of the sums; so all schedules, and all splits, give the same
 * gradients. {@link Simulation} says whether lists keep to this, and what they cost.
 */
public enum Schedule {
    /**
     * All forwards, then all backwards: every micro-batch is in flight at once.
     *
     * <p>Source: Huang et al., "GPipe: Efficient Training of Giant Neural Networks using Pipeline
     * Parallelism", NeurIPS 2019.
     */
    GPIPE {
        @Override
        List<Step> list(PipelineShape shape, int worker) {
            return alternating(shape.microBatches(), shape.microBatches());
        }
    },

    /**
     * Fills the pipeline with one forward for each worker behind, then alternates, so that no more
     * micro-batches are in flight than there are workers from this one to the last.
     *
     * <p>Source: Narayanan et al., "PipeDream: Generalized Pipeline Parallelism for DNN Training",
     * SOSP 2019, in the flushing form of Megatron-LM.
     */
    ONE_F_ONE_B {
        @Override
        List<Step> list(PipelineShape shape, int worker) {
            return alternating(shape.workers() - 1 - worker, shape.microBatches());
        }
    },

    /**
     * 1F1B over several chunks of layers on each worker, so that filling takes a chunk's time and
     * not a worker's. Micro-batches go round in groups as large as there are workers, whose number
     * they must be a multiple of.
     *
     * <p>Source: Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters
     * Using Megatron-LM", SC 2021.
     */
    INTERLEAVED {
        @Override
        List<Step> list(PipelineShape shape, int worker) {
            return interleaved(shape, worker);
        }
    },

    /**
     * 1F1B whose backwards are split: the gradients of parameters, for which nobody waits, come
     * later the further behind a worker is, and fill the time in which the pipeline drains. As many
     * micro-batches are in flight everywhere as on the first worker under 1F1B.
     *
     * <p>Source: Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024, schedule ZB-H1.
     */
    ZB_H1 {
        @Override
        List<Step> list(PipelineShape shape, int worker) {
            return zeroBubble(shape.workers() - 1 - worker, worker, shape.microBatches());
        }
    };

    abstract List<Step> list(PipelineShape shape, int worker);

    /**
     * What {@code worker} does with a batch.
     *
     * @throws IllegalArgumentException when the schedule is none for this shape
     */
    public List<Step> steps(PipelineShape shape, int worker) {
        shape.requireWorker(worker);
        if (this != INTERLEAVED && shape.chunks() > 1) {
            throw new IllegalArgumentException(
                    label() + " with " + shape.chunks() + " chunks on a worker, it has one");
        }
        if (this == INTERLEAVED && shape.microBatches() % shape.workers() != 0) {
            throw new IllegalArgumentException(
                    label()
                            + ": micro-batches "
                            + shape.microBatches()
                            + ", a multiple of the workers "
                            + shape.workers());
        }
        return List.copyOf(list(shape, worker));
    }

    /** What every worker does, in the order of workers. */
    public List<List<Step>> steps(PipelineShape shape) {
        var lists = new ArrayList<List<Step>>();
        for (int worker = 0; worker < shape.workers(); worker++) {
            lists.add(steps(shape, worker));
        }
        return List.copyOf(lists);
    }

    /** The most micro-batches, counted per chunk, that {@code steps} have in flight at once. */
    public static int inFlight(List<Step> steps) {
        int now = 0;
        int most = 0;
        for (var step : steps) {
            switch (step) {
                case Forward _ -> most = Math.max(most, ++now);
                case Backward _, WeightGradient _ -> now--;
                case InputGradient _ -> {}
            }
        }
        return most;
    }

    /** Its name for people: {@code gpipe}, {@code 1f1b}, {@code interleaved}, {@code zb-h1}. */
    public String label() {
        return this == ONE_F_ONE_B ? "1f1b" : name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The schedule of that {@link #label}.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Schedule of(String label) {
        for (var schedule : values()) {
            if (schedule.label().equals(label)) {
                return schedule;
            }
        }
        throw new IllegalArgumentException(
                "schedule "
                        + label
                        + ", one of "
                        + String.join(", ", Arrays.stream(values()).map(Schedule::label).toList()));
    }

    private static List<Step> alternating(int ahead, int microBatches) {
        int warmUp = Math.min(ahead, microBatches);
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
        return steps;
    }

    /**
     * @param ahead forwards before the first backward
     * @param late how many backwards a weight gradient is behind
     */
    private static List<Step> zeroBubble(int ahead, int late, int microBatches) {
        int warmUp = Math.min(ahead, microBatches);
        var steps = new ArrayList<Step>(3 * microBatches);
        for (int m = 0; m < warmUp; m++) {
            steps.add(new Forward(m));
        }
        int weights = 0;
        for (int m = 0; m < microBatches; m++) {
            if (warmUp + m < microBatches) {
                steps.add(new Forward(warmUp + m));
            }
            steps.add(new InputGradient(m));
            if (m >= late) {
                steps.add(new WeightGradient(weights++));
            }
        }
        while (weights < microBatches) {
            steps.add(new WeightGradient(weights++));
        }
        return steps;
    }

    private static List<Step> interleaved(PipelineShape shape, int worker) {
        int p = shape.workers();
        int v = shape.chunks();
        int all = shape.microBatches() * v;
        int ahead = 2 * (p - 1 - worker) + (v - 1) * p;
        int warmUp = Math.min(v == 1 ? p - 1 - worker : ahead, all);
        var steps = new ArrayList<Step>(2 * all);
        for (int k = 0; k < warmUp; k++) {
            steps.add(new Forward(microBatch(k, p, v), k % (p * v) / p));
        }
        for (int k = 0; k < all; k++) {
            int next = warmUp + k;
            if (next < all) {
                steps.add(new Forward(microBatch(next, p, v), next % (p * v) / p));
            }
            steps.add(new Backward(microBatch(k, p, v), v - 1 - k % (p * v) / p));
        }
        return steps;
    }

    /**
     * The micro-batch of the k-th turn of a worker: a group of p passes all v chunks, then next.
     */
    private static int microBatch(int k, int p, int v) {
        return k / (p * v) * p + k % p;
    }
}
