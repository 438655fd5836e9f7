package tensorlink.compute;

import java.io.IOException;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;

/**
 * Runs stages of models on this machine's devices. One per process is enough; safe for use by any
 * thread.
 */
public interface Engine extends AutoCloseable {

    /** What decides the bits of a result here; equal profiles compute equal bits. */
    ExecutionProfile profile();

    /**
     * Allocates a stage and reads its tensors.
     *
     * @param layers the layers to hold, within the model's
     * @param weights where the tensors are read from; exactly those that {@link
     *     Architecture#tensors} names for {@code layers} are read, each once
     * @throws ModelFormatException when a tensor is missing or has another shape or type than the
     *     configuration says
     * @throws IOException when {@code weights} cannot be read
     */
    default Stage open(
            Architecture architecture, LayerRange layers, Weights weights, StageOptions options)
            throws IOException, InterruptedException {
        return open(architecture, layers, StageState.initial(weights), options);
    }

    /**
     * As above, to go on from {@code state}: with the bits of the stage, or stages, it was taken
     * from.
     *
     * @param state left open; not needed once this returns. The optimizer's part of it is not read
     *     for inference
     */
    Stage open(Architecture architecture, LayerRange layers, StageState state, StageOptions options)
            throws IOException, InterruptedException;

    /**
     * Measures what the device can do at best, while nothing else uses it.
     *
     * @param threads of the kernels, where it is a processor
     */
    DeviceLimits limits(int threads) throws IOException, InterruptedException;

    /** How many native arrays are alive; constant over steps unless something leaks. */
    long arrays();

    /** Closes every stage still open and releases the device threads. */
    @Override
    void close();
}
