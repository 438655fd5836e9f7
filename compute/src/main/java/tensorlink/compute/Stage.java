package tensorlink.compute;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * Some consecutive layers of a model on one device, ready to compute.
 *
 * <p>Calls may come from any thread and run one after another on the stage's own compute thread; a
 * caller waits for its result. Every tensor passed in is taken over and closed by the stage; every
 * tensor returned belongs to the caller.
 *
 * <p>Of a {@link GraphModel}, every stage takes F32 of shape [batch, 1, {@link
 * Architecture#edgeWidth}], gives the same and takes its gradient; the last gives {@link
 * Architecture#resultShape}, and its labels are of {@link Architecture#labelShape}. Of a
 * transformer, token ids and labels are I64 of shape [batch, time], labels of a classification I64
 * of shape [batch, 1]; what stages hand to each other is F32 of shape [batch, time, {@link
 * ModelConfig#edgeWidth}], its gradient F32 of shape [batch, time, hidden]; what the last stage
 * gives is F32 of shape {@link Architecture#resultShape}, in what follows called logits.
 *
 * <p>In a causal model positions look only at those before them. Others see whole texts: there a
 * token id of {@link Tokens#PADDING} is no token, and {@link ModelConfig#idLimit} says how ids name
 * segments.
 *
 * <p>What does not fit (shape, type, a token id outside the vocabulary, more positions than the
 * context length) is an {@link IllegalArgumentException} before anything runs; a call out of turn,
 * or after {@link #close}, an {@link IllegalStateException}.
 *
 * <p>Gradients are accumulated in the order of the {@link #backward} calls, which callers keep in
 * the order of micro-batches: that order, not the split into stages, decides the bits.
 */
public interface Stage extends AutoCloseable {

    Architecture architecture();

    LayerRange layers();

    /** Whether this stage holds the embedding, and so takes token ids. */
    default boolean first() {
        return architecture().holdsEmbedding(layers());
    }

    /** Whether this stage holds the final norm and the head, and so gives logits. */
    default boolean last() {
        return architecture().holdsHead(layers());
    }

    // Training: forward and backward of micro-batches, then one step.

    /**
     * Says which of a step's batches the coming forwards are of, which decides with the step and
     * the micro-batch what {@link Dropout} drops; 0 until it is said.
     *
     * @param number from 0
     */
    void begin(long number) throws InterruptedException;

    /**
     * Runs forward and keeps what {@link #backward} will need, under the name {@code microBatch}.
     *
     * @param input token ids for the first stage, else the previous stage's result
     * @return hidden states, or logits from the last stage
     */
    Tensor forward(int microBatch, Tensor input) throws InterruptedException;

    /**
     * Last stage only: runs forward up to the loss of the model's {@link Task} and keeps what
     * {@link #backward} will need.
     *
     * @param labels token ids, of which a causal model predicts that at position {@code t} from
     *     positions before it, or classes; -100 marks what does not count
     * @param labelCount how many labels count in the whole batch, over all its micro-batches, as
     *     {@link MicroBatch#labelCount} finds it: the sum of the micro-batches' results is then the
     *     batch's mean loss
     * @return this micro-batch's part of the batch's loss
     */
    float forwardLoss(int microBatch, Tensor input, Tensor labels, long labelCount)
            throws InterruptedException;

    /**
     * Adds the gradients of {@code microBatch} to the accumulated ones and forgets the micro-batch.
     *
     * @param outputGradient the gradient of what {@link #forward} returned; null after {@link
     *     #forwardLoss}
     * @return the gradient of the stage's input; null from the first stage
     */
    @Nullable Tensor backward(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException;

    /**
     * The part of {@link #backward} that the stage before waits for; {@link #weightGradients} is
     * the rest. Together they give the same bits. Needs {@link TrainingOptions#splitsBackwards}.
     *
     * @return the gradient of the stage's input; null from the first stage
     */
    @Nullable Tensor inputGradient(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException;

    /**
     * Adds what is left of the gradients of {@code microBatch} and forgets it. Until then it takes
     * as much memory as before {@link #inputGradient}, and the gradients of its linear parts'
     * results besides.
     */
    void weightGradients(int microBatch) throws InterruptedException;

    /**
     * Forgets every micro-batch whose backward has not run; accumulated gradients stay, unless of a
     * backward only a part has run: they then must be zeroed.
     */
    void abandon() throws InterruptedException;

    /** Drops the accumulated gradients. */
    void zeroGradients() throws InterruptedException;

    /**
     * Begins to put the sum over all replicas of this stage in the place of the accumulated
     * gradients, which are read and written as one row of numbers from here on; comes before {@link
     * #tiedGradient} and {@link #prepare}. Until the step is applied, or the gradients are zeroed,
     * no more can be accumulated.
     *
     * @return how many numbers there are, the same on every replica
     * @throws IllegalStateException when that has begun before
     */
    long beginSum() throws InterruptedException;

    /**
     * A copy of {@code count} of the accumulated gradients' numbers, F32, after {@link #beginSum}.
     */
    Tensor readSum(long first, int count) throws InterruptedException;

    /** Puts {@code sum} in the place of as many numbers from {@code first} on. */
    void writeSum(long first, Tensor sum) throws InterruptedException;

    /**
     * For a model whose head shares the embedding's weights, split so that this stage holds only
     * one of the two: this stage's part of the shared gradient. Null otherwise, and where it is
     * frozen.
     */
    @Nullable Tensor tiedGradient() throws InterruptedException;

    /**
     * Fixes the gradients of the coming step and names them. A later {@link #backward} or {@link
     * #zeroGradients} undoes it; a later prepare replaces it.
     *
     * @param otherTiedGradient the {@link #tiedGradient} of the stage that holds the other copy, to
     *     be added to ours; null where {@link #tiedGradient} is null
     */
    PreparedStep prepare(@Nullable Tensor otherTiedGradient) throws InterruptedException;

    /**
     * Applies the prepared gradients, which are spent then; the accumulated ones stay, scaled as
     * {@code update} says. No micro-batch may be in flight.
     *
     * @param step one more than {@link #step()}; when it equals {@link #step()} the step was
     *     applied before and nothing happens
     * @param update its optimizer has no more state than the one that the stage was opened with
     *     room for
     */
    void apply(long step, Update update) throws InterruptedException;

    /** Applies the prepared gradients as they are. */
    default void apply(long step, Optimizer optimizer) throws InterruptedException {
        apply(step, Update.of(optimizer));
    }

    /** How many steps have been applied. */
    long step();

    // Inference: nothing is kept but the caches asked for.

    /** Runs forward without keeping anything; logits from the last stage. */
    Tensor infer(Tensor input) throws InterruptedException;

    /** Last stage only: {@link #forwardLoss} without keeping anything. */
    float inferLoss(Tensor input, Tensor labels, long labelCount) throws InterruptedException;

    /**
     * Causal models only: reserves room for the keys and values of {@code batch} sequences.
     *
     * @param capacity the most positions per sequence
     */
    KvCache openCache(int batch, int capacity) throws InterruptedException;

    /**
     * Runs forward for the positions that follow those in {@code cache} and adds theirs to it.
     *
     * @return hidden states, or from the last stage the logits of the last position only, of shape
     *     [batch, 1, vocabulary]
     */
    Tensor extend(KvCache cache, Tensor input) throws InterruptedException;

    // State.

    /** The parameters held here, by their Hugging Face names, in the order of the model. */
    List<TensorSpec> parameters();

    /** A copy of a parameter's value. */
    Tensor parameter(String name) throws InterruptedException;

    /** A copy of a parameter's accumulated gradient; zeros when nothing was, or it is frozen. */
    Tensor gradient(String name) throws InterruptedException;

    /**
     * What another stage of the same layers needs to go on from here, on this machine or another:
     * parameters, optimizer state and step. Accumulated gradients and micro-batches in flight are
     * no part of it.
     *
     * <p>Nothing is copied yet: tensors are read from this stage, by any thread, until the next
     * {@link #apply} or {@link #restore}; from then on reading is an {@link IllegalStateException}.
     * {@link StageState#copy} makes a state that lasts.
     */
    StageState state() throws InterruptedException;

    /**
     * Goes on from {@code state} instead: takes its parameters, optimizer state and step, and drops
     * all gradients and micro-batches.
     *
     * @param state left open
     * @throws tensorlink.compute.format.ModelFormatException when tensors are missing or have
     *     another shape or type; the stage stays as it was
     * @throws IOException when {@code state} cannot be read: the stage then can only be restored
     *     again, or closed
     */
    void restore(StageState state) throws IOException, InterruptedException;

    /** SHA-256 of each parameter's little-endian bytes, by name. */
    Map<String, Digest> digests() throws InterruptedException;

    /** Releases the device's memory; idempotent. Waits for the call in progress. */
    @Override
    void close();
}
