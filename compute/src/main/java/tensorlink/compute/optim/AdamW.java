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
 */
public record AdamW(
        double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements Optimizer {
    public AdamW {
        require(learningRate >= 0, "learning rate", learningRate);
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1);
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2);
        require(epsilon > 0, "epsilon", epsilon);
        require(weightDecay >= 0, "weight decay", weightDecay);
    }

    /** torch's defaults: betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01. */
    public static AdamW lr(double learningRate) {
        return new AdamW(learningRate, 0.9, 0.999, 1e-8, 0.01);
    }

    @Override
    public Set<StateSlot> slots() {
        return Set.of(StateSlot.EXP_AVG, StateSlot.EXP_AVG_SQ);
    }

    @Override
    public AdamW withLearningRate(double value) {
        return new AdamW(value, beta1, beta2, epsilon, weightDecay);
    }

    public AdamW withBetas(double first, double second) {
        return new AdamW(learningRate, first, second, epsilon, weightDecay);
    }

    public AdamW withWeightDecay(double value) {
        return new AdamW(learningRate, beta1, beta2, epsilon, value);
    }

    private static void require(boolean holds, String name, double value) {
        if (!holds || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " " + value + " is out of range");
        }
    }
}
