package tensorlink.compute.optim;

import java.util.List;
import java.util.Set;
import tensorlink.compute.tensor.TensorSpec;

/**
 * How prepared gradients change parameters; the values only, state lives on the stages. Each rule
 * computes what torch's of the same name does.
 */
public sealed interface Optimizer permits Sgd, Adam, AdamW, Adagrad, RmsProp, Adafactor {

    double learningRate();

    Optimizer withLearningRate(double value);

    /**
     * What is remembered of every parameter. A rule goes on with the state it finds if that has the
     * same slots; otherwise it begins with none, as on its first step.
     */
    Set<StateSlot> slots();

    /** How many bytes the state of {@code parameters} takes. */
    default long stateBytes(List<TensorSpec> parameters) {
        long bytes = 0;
        for (var slot : slots()) {
            for (var tensor : slot.tensors(parameters)) {
                bytes += tensor.byteSize();
            }
        }
        return bytes;
    }

    /** What every element of a slot is before the first step. */
    default double initial() {
        return 0;
    }
}
