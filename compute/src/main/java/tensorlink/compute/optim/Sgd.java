package tensorlink.compute.optim;

import java.util.Set;

/**
 * Stochastic gradient descent, equal to {@code torch.optim.SGD}.
 *
 * @param learningRate 0 or more
 * @param momentum share of the last move that is kept, 0 or more
 * @param dampening share of the gradient that does not enter the momentum
 * @param weightDecay share of each weight added to its gradient, 0 or more
 * @param nesterov whether to look ahead by the momentum; needs momentum and no dampening
 */
public record Sgd(
        double learningRate,
        double momentum,
        double dampening,
        double weightDecay,
        boolean nesterov)
        implements Optimizer {
    public Sgd {
        Require.nonNegative("learning rate", learningRate);
        Require.nonNegative("momentum", momentum);
        Require.require(!Double.isNaN(dampening), "dampening", dampening);
        Require.nonNegative("weight decay", weightDecay);
        if (nesterov && (momentum == 0 || dampening != 0)) {
            throw new IllegalArgumentException(
                    "Nesterov needs momentum, which is "
                            + momentum
                            + ", and no dampening, which is "
                            + dampening);
        }
    }

    /** Without momentum and weight decay. */
    public static Sgd lr(double learningRate) {
        return new Sgd(learningRate, 0, 0, 0, false);
    }

    public Sgd withMomentum(double value) {
        return new Sgd(learningRate, value, dampening, weightDecay, nesterov);
    }

    public Sgd withNesterovMomentum(double value) {
        return new Sgd(learningRate, value, 0, weightDecay, true);
    }

    public Sgd withDampening(double value) {
        return new Sgd(learningRate, momentum, value, weightDecay, nesterov);
    }

    public Sgd withWeightDecay(double value) {
        return new Sgd(learningRate, momentum, dampening, value, nesterov);
    }

    @Override
    public Sgd withLearningRate(double value) {
        return new Sgd(value, momentum, dampening, weightDecay, nesterov);
    }

    @Override
    public Set<StateSlot> slots() {
        return momentum == 0 ? Set.of() : Set.of(StateSlot.MOMENTUM_BUFFER);
    }
}
