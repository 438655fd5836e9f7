package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tensorlink.compute.tensor.TensorSpec;

/** Several safetensors files, and the index that says which tensor is in which. */
final class ShardedSafetensors implements Weights {
    static final int INDEX_BYTES_MAX = 16 << 20;
    static final int SHARDS_MAX = 1_000;

    private final Map<String, SafetensorsFile> homes;
    private final List<TensorSpec> tensors;

    private ShardedSafetensors(Map<String, SafetensorsFile> homes, List<TensorSpec> tensors) {
        this.homes = homes;
        this.tensors = tensors;
    }

    static ShardedSafetensors open(Path folder) throws IOException {
        var index = ModelFile.in(folder, Safetensors.INDEX);
        var map = index(index);
        var shards = new TreeMap<String, SafetensorsFile>();
        for (var name : map.values()) {
            if (!shards.containsKey(name)) {
                if (shards.size() == SHARDS_MAX) {
                    throw new ModelFormatException(
                            index.toString(), "more than " + SHARDS_MAX + " files");
                }
                shards.put(name, SafetensorsFile.open(ModelFile.in(folder, name)));
            }
        }
        return gather(index.toString(), map, shards);
    }

    /** What an index says: the file of each tensor. */
    static Map<String, String> index(ModelFile index) throws IOException {
        return JsonObject.parse(index.toString(), index.bytes(INDEX_BYTES_MAX), INDEX_BYTES_MAX)
                .stringMap("weight_map", SafetensorsHeader.TENSORS_MAX);
    }

    private static ShardedSafetensors gather(
            String source, Map<String, String> map, Map<String, SafetensorsFile> shards)
            throws ModelFormatException {
        var homes = new LinkedHashMap<String, SafetensorsFile>();
        var tensors = new ArrayList<TensorSpec>();
        for (var shard : shards.entrySet()) {
            for (var tensor : shard.getValue().tensors()) {
                if (!shard.getKey().equals(map.get(tensor.name()))) {
                    throw new ModelFormatException(
                            source,
                            shard.getKey() + " holds " + tensor.name() + ", which is not said");
                }
                homes.put(tensor.name(), shard.getValue());
                tensors.add(tensor);
            }
        }
        for (var entry : map.entrySet()) {
            if (!homes.containsKey(entry.getKey())) {
                throw new ModelFormatException(
                        source, entry.getKey() + " is not in " + entry.getValue());
            }
        }
        return new ShardedSafetensors(homes, List.copyOf(tensors));
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors;
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var home = homes.get(name);
        if (home == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        home.read(name, offset, target);
    }
}
