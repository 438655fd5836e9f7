package tensorlink.jobs.pipeline;

import tensorlink.compute.tensor.Tensor;

/** What a stage waits for before it runs a backward. */
sealed interface Returning {

    long batch();

    /** From the next stage; on the last, from the user. */
    record Gradient(long batch, int microBatch, Tensor tensor) implements Returning {}

    /** On the last stage: the user asks for the backward. */
    record Seed(long batch, int microBatch) implements Returning {}

    /** The user will not ask. */
    record Abandoned(long batch) implements Returning {}

    /** Frees what is carried. */
    default void close() {
        if (this instanceof Gradient(_, _, var tensor)) {
            tensor.close();
        }
    }
}
