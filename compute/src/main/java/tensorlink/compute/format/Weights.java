package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import tensorlink.compute.tensor.TensorSpec;

/**
 * Where a model's tensors are read from: a folder, memory, or a peer. Safe for use by any thread.
 */
public interface Weights extends AutoCloseable {

    /** Every tensor there is, in a stable order. */
    List<TensorSpec> tensors();

    /**
     * Reads {@code target.byteSize()} bytes of a tensor, starting {@code offset} bytes into it.
     *
     * @param target off-heap, or over a byte array
     * @throws IOException when the bytes cannot be had or are not the ones promised
     * @throws IllegalArgumentException for an unknown name or a range outside the tensor
     */
    void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException;

    /** The same tensors in F32: F16 and BF16 are widened, exactly, as they are read. */
    default Weights widened() {
        return WidenedWeights.of(this);
    }

    @Override
    default void close() {}
}
