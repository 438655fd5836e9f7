package tensorlink.compute;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;

/** Weights of an older file, under the names of today. */
final class RenamedWeights implements Weights {
    private final Weights old;
    private final Map<String, String> oldNames;

    private RenamedWeights(Weights old, Map<String, String> oldNames) {
        this.old = old;
        this.oldNames = oldNames;
    }

    /** The same weights, if every tensor that {@code config} names has its own name already. */
    static Weights of(ModelConfig config, Weights weights) {
        var stored = new HashSet<String>();
        for (var tensor : weights.tensors()) {
            stored.add(tensor.name());
        }
        var oldNames = new HashMap<String, String>();
        for (var wanted : config.tensors(config.allLayers())) {
            for (var other : config.storedNames(wanted.name())) {
                if (!stored.contains(wanted.name()) && stored.contains(other)) {
                    oldNames.put(wanted.name(), other);
                }
            }
        }
        return oldNames.isEmpty() ? weights : new RenamedWeights(weights, oldNames);
    }

    @Override
    public List<TensorSpec> tensors() {
        var newNames = new HashMap<String, String>();
        oldNames.forEach((name, oldName) -> newNames.put(oldName, name));
        var tensors = new ArrayList<TensorSpec>();
        for (var tensor : old.tensors()) {
            var name = newNames.getOrDefault(tensor.name(), tensor.name());
            tensors.add(new TensorSpec(name, tensor.dtype(), tensor.shape()));
        }
        return tensors;
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        old.read(oldNames.getOrDefault(name, name), offset, target);
    }

    @Override
    public void close() {
        old.close();
    }
}
