package tensorlink.compute;

import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.schedule.Schedule;

/**
 * How a model is trained, as far as its stages must know from the start: what decides their memory
 * and the bits they compute.
 *
 * @param optimizer has room for its state; a step may be taken with any rule whose state is no
 *     larger
 * @param recompute whether a stage keeps only the inputs of a micro-batch and computes the rest
 *     again in its backward: the same bits with the activations of one micro-batch at a time, for
 *     one more forward
 * @param frozen what stays as it is
 * @param schedule the order in which the stages take micro-batches: the same bits in any
 * @param seed what {@link Dropout} draws from
 * @param precision of a transformer; a layer graph is trained in F32
 * @param replicas of each stage, 1 to {@value #REPLICAS_MAX}: they take shares of a batch ({@link
 *     MicroBatch#share}), and what they have accumulated is added in their order when a step is
 *     prepared. So their number decides the bits, and a batch has a micro-batch for each
 */
public record TrainingOptions(
        Optimizer optimizer,
        boolean recompute,
        Frozen frozen,
        Schedule schedule,
        long seed,
        Precision precision,
        int replicas) {
    public static final int REPLICAS_MAX = 64;

    /**
     * @throws IllegalArgumentException when backwards in two parts would meet frozen parameters, or
     *     for replicas out of range
     */
    public TrainingOptions {
        if (replicas < 1 || replicas > REPLICAS_MAX) {
            throw new IllegalArgumentException("replicas " + replicas + ", 1 to " + REPLICAS_MAX);
        }
        if (schedule == Schedule.ZB_H1 && !frozen.patterns().isEmpty()) {
            throw new IllegalArgumentException(
                    "schedule zb-h1 does not go with frozen parameters, expected 1f1b or gpipe");
        }
    }

    /** With AdamW. */
    public static TrainingOptions defaults() {
        return with(AdamW.lr(1e-3));
    }

    public static TrainingOptions with(Optimizer optimizer) {
        return new TrainingOptions(
                optimizer, false, Frozen.none(), Schedule.ONE_F_ONE_B, 0, Precision.F32, 1);
    }

    public TrainingOptions withRecompute(boolean value) {
        return new TrainingOptions(optimizer, value, frozen, schedule, seed, precision, replicas);
    }

    public TrainingOptions withFrozen(Frozen value) {
        return new TrainingOptions(
                optimizer, recompute, value, schedule, seed, precision, replicas);
    }

    public TrainingOptions withSchedule(Schedule value) {
        return new TrainingOptions(optimizer, recompute, frozen, value, seed, precision, replicas);
    }

    public TrainingOptions withSeed(long value) {
        return new TrainingOptions(
                optimizer, recompute, frozen, schedule, value, precision, replicas);
    }

    public TrainingOptions withPrecision(Precision value) {
        return new TrainingOptions(optimizer, recompute, frozen, schedule, seed, value, replicas);
    }

    public TrainingOptions withReplicas(int value) {
        return new TrainingOptions(optimizer, recompute, frozen, schedule, seed, precision, value);
    }

    /** Whether backwards come in two parts. */
    public boolean splitsBackwards() {
        return schedule == Schedule.ZB_H1;
    }
}
