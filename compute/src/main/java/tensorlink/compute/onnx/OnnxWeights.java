package tensorlink.compute.onnx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/** Weights of an ONNX file under their Hugging Face names, transposed where ONNX has them so. */
final class OnnxWeights implements Weights {
    private final Map<String, Stored> tensors;

    /**
     * A tensor as it lies in the file.
     *
     * @param transposed whether its columns are the rows of the weight
     */
    record Stored(OnnxTensor tensor, boolean transposed) {
        Shape shape() {
            var shape = tensor.shape();
            return transposed ? Shape.of(shape.axis(1), shape.axis(0)) : shape;
        }
    }

    OnnxWeights(Map<String, Stored> tensors) {
        this.tensors = new LinkedHashMap<>(tensors);
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors.entrySet().stream()
                .map(entry ->
                        new TensorSpec(
                                entry.getKey(),
                                entry.getValue().tensor().dtype(),
                                entry.getValue().shape()))
                .toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target) {
        var stored = tensors.get(name);
        if (stored == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        var data = stored.tensor().segment();
        long bytes = data.byteSize();
        long length = target.byteSize();
        if (offset < 0 || length > bytes - offset) {
            throw new IllegalArgumentException(
                    name + ": " + length + " bytes at " + offset + " of " + bytes);
        }
        if (!stored.transposed()) {
            target.copyFrom(data.asSlice(offset, length));
            return;
        }
        long size = stored.tensor().dtype().bytes();
        long rows = stored.tensor().shape().axis(0);
        long columns = stored.tensor().shape().axis(1);
        for (long i = 0; i < length; i++) {
            long element = (offset + i) / size;
            long from = (element % rows) * columns + element / rows;
            target.set(
                    ValueLayout.JAVA_BYTE,
                    i,
                    data.get(ValueLayout.JAVA_BYTE, from * size + (offset + i) % size));
        }
    }
}
