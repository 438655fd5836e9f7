package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** Shows F16 and BF16 tensors as F32; others as they are. */
final class WidenedWeights implements Weights {
    private static final long PIECE_ELEMENTS = 1 << 20;

    private final Weights narrow;
    private final Map<String, DType> stored = new LinkedHashMap<>();
    private final List<TensorSpec> tensors = new ArrayList<>();

    private WidenedWeights(Weights narrow) {
        this.narrow = narrow;
        for (var tensor : narrow.tensors()) {
            stored.put(tensor.name(), tensor.dtype());
            tensors.add(
                    tensor.dtype().widens()
                            ? new TensorSpec(tensor.name(), DType.F32, tensor.shape())
                            : tensor);
        }
    }

    static Weights of(Weights weights) {
        for (var tensor : weights.tensors()) {
            if (tensor.dtype().widens()) {
                return new WidenedWeights(weights);
            }
        }
        return weights;
    }

    @Override
    public List<TensorSpec> tensors() {
        return List.copyOf(tensors);
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var dtype = stored.get(name);
        if (dtype == null || !dtype.widens()) {
            narrow.read(name, offset, target);
            return;
        }
        if (offset % Float.BYTES != 0 || target.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset + " split an element");
        }
        long first = offset / Float.BYTES;
        long count = target.byteSize() / Float.BYTES;
        for (long at = 0; at < count; at += PIECE_ELEMENTS) {
            long length = Math.min(PIECE_ELEMENTS, count - at);
            try (var piece = Tensor.allocate(dtype, Shape.of(length))) {
                narrow.read(name, (first + at) * dtype.bytes(), piece.data());
                dtype.widen(piece.data(), target.asSlice(at * Float.BYTES, length * Float.BYTES));
            }
        }
    }

    @Override
    public void close() {
        narrow.close();
    }
}
