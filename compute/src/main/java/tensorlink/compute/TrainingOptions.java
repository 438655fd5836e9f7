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
 * @param schedule the order in which the stages take micro-batches: the same bits in any
 */
public record TrainingOptions(Optimizer optimizer, boolean recompute, Schedule schedule) {

    /** With AdamW. */
    public static TrainingOptions defaults() {
        return with(AdamW.lr(1e-3));
    }

    public static TrainingOptions with(Optimizer optimizer) {
        return new TrainingOptions(optimizer, false, Schedule.ONE_F_ONE_B);
    }

    public TrainingOptions withRecompute(boolean value) {
        return new TrainingOptions(optimizer, value, schedule);
    }

    public TrainingOptions withSchedule(Schedule value) {
        return new TrainingOptions(optimizer, recompute, value);
    }

    /** Whether backwards come in two parts. */
    public boolean splitsBackwards() {
        return schedule == Schedule.ZB_H1;
    }
}
