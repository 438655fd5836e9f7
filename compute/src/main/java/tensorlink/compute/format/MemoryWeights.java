package tensorlink.compute.format;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** Weights held in memory. */
public final class MemoryWeights implements Weights {
    private final Map<String, Tensor> tensors;

    /** Takes the tensors over: {@link #close} closes them. */
    public MemoryWeights(Map<String, Tensor> tensors) {
        this.tensors = new LinkedHashMap<>(tensors);
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors.entrySet().stream()
                .map(entry ->
                        new TensorSpec(
                                entry.getKey(), entry.getValue().dtype(), entry.getValue().shape()))
                .toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target) {
        var tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        long bytes = tensor.data().byteSize();
        if (offset < 0 || target.byteSize() > bytes - offset) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset + " of " + bytes);
        }
        target.copyFrom(tensor.data().asSlice(offset, target.byteSize()));
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
