package tensorlink.jobs.data;

import tensorlink.compute.tensor.Tensor;

/**
 * Some images, each of one class. Whoever gets one closes it.
 *
 * @param images F32 of shape [count, 1, height, width]; 0 is black and 1 white
 * @param labels I64 of shape [count]: the numbers of their classes
 */
public record ImageBatch(Tensor images, Tensor labels) implements AutoCloseable {
    @Override
    public void close() {
        images.close();
        labels.close();
    }
}
