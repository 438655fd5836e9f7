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
     * @throws IOException when the bytes cannot be had or are not the ones promised
     * @throws IllegalArgumentException for an unknown name or a range outside the tensor
     */
    void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException;

    @Override
    default void close() {}
}
