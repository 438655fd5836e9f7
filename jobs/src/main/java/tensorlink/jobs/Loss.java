package tensorlink.jobs;

import tensorlink.jobs.job.JobException;

/**
 * The loss of one batch, computed when it is first asked for: its value, its gradients, or both.
 *
 * <p>Asking for the gradients alone lets forwards and backwards overlap (1F1B); asking for the
 * value first runs all forwards, and then all backwards when they are asked for. Losses and
 * gradients have the same bits either way.
 */
public interface Loss {

    /** The mean over the batch's labels; waits for it. */
    float value() throws JobException, InterruptedException;

    /**
     * Adds the batch's gradients to those that every stage has accumulated. Returns when the work
     * is on its way; {@link DistributedOptimizer#step} waits for it.
     *
     * @throws IllegalStateException when called before, when another batch has come since, or on a
     *     model in evaluation
     */
    void backward() throws JobException, InterruptedException;
}
