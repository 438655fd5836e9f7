package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.tensor.TensorSpec;

/** Several sources as one; a tensor that more than one of them has is the first one's. */
public final class JoinedWeights implements Weights {
    private final List<Weights> parts;
    private final Map<String, Weights> holders = new LinkedHashMap<>();
    private final Map<String, TensorSpec> specs = new LinkedHashMap<>();

    /** Takes the parts over: {@link #close} closes them. */
    public JoinedWeights(List<Weights> parts) {
        this.parts = List.copyOf(parts);
        for (var part : parts) {
            for (var tensor : part.tensors()) {
                if (specs.putIfAbsent(tensor.name(), tensor) == null) {
                    holders.put(tensor.name(), part);
                }
            }
        }
    }

    @Override
    public List<TensorSpec> tensors() {
        return List.copyOf(specs.values());
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var holder = holders.get(name);
        if (holder == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        holder.read(name, offset, target);
    }

    @Override
    public void close() {
        parts.forEach(Weights::close);
    }
}
