package tensorlink.jobs.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.message.Manifest;

/**
 * What is published of a stage's tensors exactly as a manifest has them. A hub can only be held to
 * the digests of whole files; the manifest's, of each tensor, hold it to what the user means.
 */
public final class CheckedWeights implements Weights {
    private final Weights published;
    private final Map<String, Weights> sources;
    private final List<TensorSpec> tensors;

    private CheckedWeights(
            Weights published, Map<String, Weights> sources, List<TensorSpec> tensors) {
        this.published = published;
        this.sources = sources;
        this.tensors = tensors;
    }

    /** No tensor at all. */
    public static Weights none() {
        return new MemoryWeights(Map.of());
    }

    /**
     * Brings the tensors of {@code layers} here and keeps those whose bytes hash to what {@code
     * manifest} says, as they are published or widened.
     *
     * @param watch told how many bytes have come, then how many more were checked
     */
    public static Weights fetch(
            PublishedWeights hub,
            Publication from,
            Architecture model,
            LayerRange layers,
            Manifest manifest,
            PublishedWeights.Watch watch)
            throws IOException, InterruptedException {
        var shapes = new HashMap<String, Shape>();
        for (var tensor : model.tensors(layers)) {
            model.storedNames(tensor.name()).forEach(name -> shapes.put(name, tensor.shape()));
        }
        var done = new long[1];
        var published =
                hub.fetch(
                        from,
                        shapes,
                        bytes -> {
                            done[0] = bytes;
                            watch.came(bytes);
                        });
        try {
            var named = model.named(published);
            var sources = new LinkedHashMap<String, Weights>();
            var forms = new LinkedHashSet<>(List.of(named, named.widened())); // often the same
            for (var weights : forms) {
                for (var entry : same(weights, manifest)) {
                    var name = entry.tensor().name();
                    if (Manifest.of(weights, name::equals).tensors().contains(entry)) {
                        sources.put(name, weights);
                    }
                    done[0] += entry.tensor().byteSize();
                    watch.came(done[0]);
                }
            }
            var tensors =
                    manifest.tensors().stream()
                            .map(Manifest.Entry::tensor)
                            .filter(tensor -> sources.containsKey(tensor.name()))
                            .toList();
            return new CheckedWeights(published, sources, tensors);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            published.close();
            throw failed;
        }
    }

    /** The manifest's entries of the tensors that {@code weights} have of the same type. */
    private static List<Manifest.Entry> same(Weights weights, Manifest manifest) {
        var here = Set.copyOf(weights.tensors());
        return manifest.tensors().stream().filter(entry -> here.contains(entry.tensor())).toList();
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors;
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var source = sources.get(name);
        if (source == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        source.read(name, offset, target);
    }

    @Override
    public void close() {
        published.close();
    }
}
