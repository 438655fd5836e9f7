package tensorlink.compute.optim;

import java.util.Set;

/**
 * Equal to {@code torch.optim.Adafactor}: of a matrix it remembers a value for each row and each
 * column, so it needs next to no memory.
 *
 * <p>Source: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
 * ICML 2018.
 *
 * @param learningRate 0 or more; a bound, since a step moves a tensor relative to its own size
 * @param beta2Decay the squared gradients' mean forgets by the step to this power, 0 or less
 * @param epsilon1 keeps squared gradients above its square, above 0
 * @param epsilon2 the least size that a tensor counts with, 0 or more
 * @param clipping the greatest root mean square of an update, 1 or more
 * @param weightDecay share of each weight removed per unit of learning rate, 0 or more
 */
public record Adafactor(
        double learningRate,
        double beta2Decay,
        double epsilon1,
        double epsilon2,
        double clipping,
        double weightDecay)
        implements Optimizer {
    /** The distance from 1 to the next float. */
    private static final double FLOAT_EPSILON = 0x1p-23;

    public Adafactor {
        Require.nonNegative("learning rate", learningRate);
        Require.require(beta2Decay <= 0, "beta2 decay", beta2Decay);
        Require.positive("epsilon1", epsilon1);
        Require.nonNegative("epsilon2", epsilon2);
        Require.require(clipping >= 1, "clipping", clipping);
        Require.nonNegative("weight decay", weightDecay);
    }

    /** torch's defaults: decay -0.8, epsilons 2^-23 and 1e-3, clipping 1, no weight decay. */
    public static Adafactor lr(double learningRate) {
        return new Adafactor(learningRate, -0.8, FLOAT_EPSILON, 1e-3, 1, 0);
    }

    public Adafactor withClipping(double value) {
        return new Adafactor(learningRate, beta2Decay, epsilon1, epsilon2, value, weightDecay);
    }

    public Adafactor withWeightDecay(double value) {
        return new Adafactor(learningRate, beta2Decay, epsilon1, epsilon2, clipping, value);
    }

    @Override
    public Adafactor withLearningRate(double value) {
        return new Adafactor(value, beta2Decay, epsilon1, epsilon2, clipping, weightDecay);
    }

    @Override
    public Set<StateSlot> slots() {
        return Set.of(StateSlot.ROW_VAR, StateSlot.COL_VAR, StateSlot.VARIANCE);
    }
}
