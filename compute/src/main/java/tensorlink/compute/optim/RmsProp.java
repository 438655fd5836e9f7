package tensorlink.compute.optim;

import java.util.EnumSet;
import java.util.Set;

/**
 * Equal to {@code torch.optim.RMSprop}.
 *
 * <p>Source: Hinton, "Neural networks for machine learning", lecture 6, 2012; centered: Graves,
 * "Generating sequences with recurrent neural networks", 2013.
 *
 * @param learningRate 0 or more
 * @param alpha decay of the squared gradient's mean, in [0, 1)
 * @param epsilon added to the root of the squared gradient's mean, above 0
 * @param weightDecay share of each weight added to its gradient, 0 or more
 * @param momentum share of the last move that is kept, 0 or more
 * @param centered whether the gradient's variance counts, not its square
 */
public record RmsProp(
        double learningRate,
        double alpha,
        double epsilon,
        double weightDecay,
        double momentum,
        boolean centered)
        implements Optimizer {
    public RmsProp {
        Require.nonNegative("learning rate", learningRate);
        Require.decay("alpha", alpha);
        Require.positive("epsilon", epsilon);
        Require.nonNegative("weight decay", weightDecay);
        Require.nonNegative("momentum", momentum);
    }

    /** torch's defaults: alpha 0.99, epsilon 1e-8, the rest off. */
    public static RmsProp lr(double learningRate) {
        return new RmsProp(learningRate, 0.99, 1e-8, 0, 0, false);
    }

    public RmsProp withAlpha(double value) {
        return new RmsProp(learningRate, value, epsilon, weightDecay, momentum, centered);
    }

    public RmsProp withMomentum(double value) {
        return new RmsProp(learningRate, alpha, epsilon, weightDecay, value, centered);
    }

    public RmsProp withWeightDecay(double value) {
        return new RmsProp(learningRate, alpha, epsilon, value, momentum, centered);
    }

    public RmsProp withCentered() {
        return new RmsProp(learningRate, alpha, epsilon, weightDecay, momentum, true);
    }

    @Override
    public RmsProp withLearningRate(double value) {
        return new RmsProp(value, alpha, epsilon, weightDecay, momentum, centered);
    }

    @Override
    public Set<StateSlot> slots() {
        var slots = EnumSet.of(StateSlot.SQUARE_AVG);
        if (momentum > 0) {
            slots.add(StateSlot.MOMENTUM_BUFFER);
        }
        if (centered) {
            slots.add(StateSlot.GRAD_AVG);
        }
        return slots;
    }
}
