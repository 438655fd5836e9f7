package tensorlink.jobs.message;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.tensor.Tensor;

/**
 * What travels on a stage stream. Whoever receives a frame owns its tensor; whoever sends one gives
 * the tensor away.
 */
public sealed interface TensorFrame extends AutoCloseable {

    /** The batch this belongs to, counted from 1; for what is sent to prepare a step, the step. */
    long batch();

    int microBatch();

    /** The tensor carried, if any. */
    @Nullable Tensor tensor();

    /** Token ids from the user, hidden states from a stage. */
    record Activation(long batch, int microBatch, BatchWork work, Tensor tensor)
            implements TensorFrame {}

    /** The gradient of an activation, or of what the last stage gave the user, going back. */
    record Gradient(long batch, int microBatch, Tensor tensor) implements TensorFrame {}

    /** What the last stage's result is compared with. */
    record Labels(long batch, int microBatch, Tensor tensor) implements TensorFrame {}

    /** The user asks for the backward of a batch in {@link BatchWork.Mode#TRAIN_ON_CALL}. */
    record Seed(long batch, int microBatch) implements TensorFrame {
        @Override
        public @Nullable Tensor tensor() {
            return null;
        }
    }

    /** A micro-batch's part of the batch's loss. */
    record Loss(long batch, int microBatch, float value) implements TensorFrame {
        @Override
        public @Nullable Tensor tensor() {
            return null;
        }
    }

    /** The last stage's result itself. */
    record Logits(long batch, int microBatch, Tensor tensor) implements TensorFrame {}

    /** The token chosen. */
    record Token(long batch, int microBatch, int token) implements TensorFrame {
        @Override
        public @Nullable Tensor tensor() {
            return null;
        }
    }

    /** One stage's part of the gradient of weights that two stages share. */
    record TiedGradient(long batch, Tensor tensor) implements TensorFrame {
        @Override
        public int microBatch() {
            return 0;
        }
    }

    /**
     * What a replica has accumulated, for the one that adds it up.
     *
     * @param microBatch the round, from 0
     */
    record GradientPart(long batch, int microBatch, Tensor tensor) implements TensorFrame {}

    /**
     * What all replicas have accumulated, from the one that has added it up.
     *
     * @param microBatch the round, from 0
     */
    record GradientSum(long batch, int microBatch, Tensor tensor) implements TensorFrame {}

    /** Frees the tensor of a frame that nobody will use; one that somebody used up is freed. */
    @Override
    default void close() {
        var tensor = tensor();
        if (tensor != null) {
            tensor.close();
        }
    }
}
