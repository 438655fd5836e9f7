package tensorlink.compute;

import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;

/**
 * How a model is trained, as far as its stages must know from the start: what decides their memory
 * and the bits they compute.
 *
 * @param optimizer has room for its state; a step may be taken with any rule whose state is no
 *     larger
 */
public record TrainingOptions(Optimizer optimizer) {

    /** With AdamW. */
    public static TrainingOptions defaults() {
        return new TrainingOptions(AdamW.lr(1e-3));
    }

    public TrainingOptions withOptimizer(Optimizer value) {
        return new TrainingOptions(value);
    }
}
