package tensorlink.compute.optim;

import java.util.Set;

/**
 * Adam with decoupled weight decay, equal to {@code torch.optim.AdamW}.
 *
 * <p>Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 *
 * @param learningRate 0 or more
 * @param beta1 decay of the gradient's mean, in [0, 1)
 * @param beta2 decay of the squared gradient's mean, in [0, 1)
 * @param epsilon added to the root of the squared gradient's mean, above 0
 * @param weightDecay share of each weight removed per unit of learning rate, 0 or more
 * @param amsgrad whether the greatest squared gradient's mean so far counts, not the current one
 */
public record AdamW(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        boolean amsgrad)
        implements Optimizer {
    public AdamW {
        Require.nonNegative("learning rate", learningRate);
        Require.decay("beta1", beta1);
        Require.decay("beta2", beta2);
        Require.positive("epsilon", epsilon);
        Require.nonNegative("weight decay", weightDecay);
    }

    /** torch's defaults: betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01. */
    public static AdamW lr(double learningRate) {
        return new AdamW(learningRate, 0.9, 0.999, 1e-8, 0.01, false);
    }

    public AdamW withBetas(double first, double second) {
        return new AdamW(learningRate, first, second, epsilon, weightDecay, amsgrad);
    }

    public AdamW withEpsilon(double value) {
        return new AdamW(learningRate, beta1, beta2, value, weightDecay, amsgrad);
    }

    public AdamW withWeightDecay(double value) {
        return new AdamW(learningRate, beta1, beta2, epsilon, value, amsgrad);
    }

    public AdamW withAmsgrad() {
        return new AdamW(learningRate, beta1, beta2, epsilon, weightDecay, true);
    }

    @Override
    public AdamW withLearningRate(double value) {
        return new AdamW(value, beta1, beta2, epsilon, weightDecay, amsgrad);
    }

    @Override
    public Set<StateSlot> slots() {
        return amsgrad
                ? Set.of(StateSlot.EXP_AVG, StateSlot.EXP_AVG_SQ, StateSlot.MAX_EXP_AVG_SQ)
                : Set.of(StateSlot.EXP_AVG, StateSlot.EXP_AVG_SQ);
    }
}
