package tensorlink.jobs;

import tensorlink.compute.Architecture;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;

/**
 * What the model gives for one batch, of which the user computes any loss.
 *
 * <pre>{@code
 * optimizer.zeroGrad();
 * try (var outputs = model.forward(inputs);
 *         var gradient = gradientOfMyLoss(outputs.tensor())) {
 *     outputs.backward(gradient);
 * }
 * optimizer.step();
 * }</pre>
 *
 * <p>Losing a worker changes nothing: the gradient is kept until the step it went into is in a
 * checkpoint, and what was done again comes out with the same bits.
 */
public interface Outputs extends AutoCloseable {

    /**
     * F32 of shape {@link Architecture#resultShape}, of all rows of the batch: logits, or hidden
     * states. Valid until {@link #close}.
     */
    Tensor tensor();

    /**
     * Adds the gradients of the parameters to those that every stage has accumulated. Returns when
     * the work is on its way; {@link DistributedOptimizer#step} waits for it.
     *
     * @param gradient of the loss with respect to {@link #tensor}, of the same type and shape; it
     *     stays the caller's
     * @throws IllegalArgumentException for another type or shape, or a number that is not finite,
     *     before anything is sent
     * @throws IllegalStateException when called before, when another batch has come since, or on a
     *     model in evaluation
     * @throws JobException of {@link tensorlink.jobs.job.ProblemCode#TOO_LARGE} when more would
     *     have to be kept for this step than {@link
     *     tensorlink.jobs.message.LoggedStep#GRADIENT_BYTES_MAX}; nothing is sent then either
     */
    void backward(Tensor gradient) throws JobException, InterruptedException;

    /** Frees {@link #tensor}, and nothing on the workers; idempotent. */
    @Override
    void close();
}
