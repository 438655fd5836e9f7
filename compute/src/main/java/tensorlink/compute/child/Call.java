package tensorlink.compute.child;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.LayerRange;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** What the process of a stage is asked to do; each call is answered by one {@link Reply}. */
sealed interface Call {

    /** A state to go on from; its tensors are asked for with {@link Reply.Wants}. */
    record State(long step, List<TensorSpec> tensors) {}

    /**
     * Comes first.
     *
     * @param architecture its text
     */
    record Open(String architecture, LayerRange layers, State state, StageOptions options)
            implements Call {}

    /** Instead of {@link Open}: what the device can do. */
    record Measure(int threads) implements Call {}

    record Begin(long batch) implements Call {}

    record Forward(int microBatch, Tensor input) implements Call {}

    record ForwardLoss(int microBatch, Tensor input, Tensor labels, long labelCount)
            implements Call {}

    record Backward(int microBatch, @Nullable Tensor outputGradient) implements Call {}

    record InputGradient(int microBatch, @Nullable Tensor outputGradient) implements Call {}

    record WeightGradients(int microBatch) implements Call {}

    record Abandon() implements Call {}

    record ZeroGradients() implements Call {}

    record BeginSum() implements Call {}

    record ReadSum(long first, int count) implements Call {}

    record WriteSum(long first, Tensor sum) implements Call {}

    record TiedGradient() implements Call {}

    record Prepare(@Nullable Tensor otherTiedGradient) implements Call {}

    record Apply(long step, Update update) implements Call {}

    record Infer(Tensor input) implements Call {}

    record InferLoss(Tensor input, Tensor labels, long labelCount) implements Call {}

    record OpenCache(int batch, int capacity) implements Call {}

    record Extend(int cache, Tensor input) implements Call {}

    record Truncate(int cache, int position) implements Call {}

    record CloseCache(int cache) implements Call {}

    record Parameter(String name) implements Call {}

    record Gradient(String name) implements Call {}

    record TakeState() implements Call {}

    /** Reads from a state, if the stage has not changed since. */
    record ReadState(long taken, String name, long offset, int length) implements Call {}

    record Restore(State state) implements Call {}

    record Digests() implements Call {}

    record Arrays() implements Call {}

    /** The bytes that were wanted. */
    record Piece(Tensor bytes) implements Call {}

    /** The bytes that were wanted are not to be had. */
    record Unreadable(String why) implements Call {}
}
