package tensorlink.compute.optim;

import java.util.Set;

/** How prepared gradients change parameters; the values only, state lives on the stages. */
public sealed interface Optimizer permits AdamW {

    double learningRate();

    Optimizer withLearningRate(double value);

    /**
     * What is remembered of every parameter. A rule goes on with the state it finds if that has the
     * same slots; otherwise it begins with none, as on its first step.
     */
    Set<StateSlot> slots();
}
