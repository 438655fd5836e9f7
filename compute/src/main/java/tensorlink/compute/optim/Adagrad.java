package tensorlink.compute.optim;

import java.util.Set;

/**
 * Equal to {@code torch.optim.Adagrad}.
 *
 * <p>Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12, 2011.
 *
 * @param learningRate 0 or more
 * @param learningRateDecay by how much each step lowers the learning rate, 0 or more
 * @param weightDecay share of each weight added to its gradient, 0 or more
 * @param initialAccumulator where the sums of squared gradients begin, 0 or more
 * @param epsilon added to the root of the sums, above 0
 */
public record Adagrad(
        double learningRate,
        double learningRateDecay,
        double weightDecay,
        double initialAccumulator,
        double epsilon)
        implements Optimizer {
    public Adagrad {
        Require.nonNegative("learning rate", learningRate);
        Require.nonNegative("learning rate decay", learningRateDecay);
        Require.nonNegative("weight decay", weightDecay);
        Require.nonNegative("initial accumulator", initialAccumulator);
        Require.positive("epsilon", epsilon);
    }

    /** torch's defaults: no decays, sums from 0, epsilon 1e-10. */
    public static Adagrad lr(double learningRate) {
        return new Adagrad(learningRate, 0, 0, 0, 1e-10);
    }

    public Adagrad withLearningRateDecay(double value) {
        return new Adagrad(learningRate, value, weightDecay, initialAccumulator, epsilon);
    }

    public Adagrad withWeightDecay(double value) {
        return new Adagrad(learningRate, learningRateDecay, value, initialAccumulator, epsilon);
    }

    public Adagrad withInitialAccumulator(double value) {
        return new Adagrad(learningRate, learningRateDecay, weightDecay, value, epsilon);
    }

    @Override
    public Adagrad withLearningRate(double value) {
        return new Adagrad(value, learningRateDecay, weightDecay, initialAccumulator, epsilon);
    }

    @Override
    public Set<StateSlot> slots() {
        return Set.of(StateSlot.SUM);
    }

    @Override
    public double initial() {
        return initialAccumulator;
    }
}
