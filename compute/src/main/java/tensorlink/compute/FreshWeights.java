package tensorlink.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;

/**
 * Initial values, computed when read and kept nowhere: each depends on the seed, the tensor's name
 * and its place in it alone, so any part of any tensor can be had in any order.
 *
 * <p>Pairs of normal values come from pairs of uniform ones by the Box-Muller transform, in strict
 * arithmetic.
 */
final class FreshWeights implements Weights {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ModelConfig config;
    private final long seed;
    private final Map<String, TensorSpec> tensors = new LinkedHashMap<>();

    FreshWeights(ModelConfig config, long seed) {
        this.config = config;
        this.seed = seed;
        for (var tensor : config.tensors(config.allLayers())) {
            tensors.put(tensor.name(), tensor);
        }
    }

    @Override
    public List<TensorSpec> tensors() {
        return List.copyOf(tensors.values());
    }

    @Override
    public void read(String name, long offset, MemorySegment target) {
        var tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        if (offset < 0
                || target.byteSize() > tensor.byteSize() - offset
                || offset % Float.BYTES != 0
                || target.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset);
        }
        long first = offset / Float.BYTES;
        long count = target.byteSize() / Float.BYTES;
        if (tensor.shape().rank() == 1) {
            float constant = name.endsWith(".bias") ? 0 : 1;
            for (long i = 0; i < count; i++) {
                target.setAtIndex(FLOAT, i, constant);
            }
        } else {
            fillNormal(random(name), first, target, count);
        }
    }

    private void fillNormal(CounterRandom random, long first, MemorySegment target, long count) {
        for (long i = 0; i < count; ) {
            long pair = (first + i) >> 1;
            double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.uniform(2 * pair)));
            double angle = 2 * Math.PI * random.uniform(2 * pair + 1);
            if (((first + i) & 1) == 0) {
                target.setAtIndex(FLOAT, i++, scaled(radius * StrictMath.cos(angle)));
            }
            if (i < count) {
                target.setAtIndex(FLOAT, i++, scaled(radius * StrictMath.sin(angle)));
            }
        }
    }

    private float scaled(double normal) {
        return (float) (normal * config.initializerRange());
    }

    private CounterRandom random(String name) {
        var hash = Digest.of((seed + " " + name).getBytes(StandardCharsets.UTF_8));
        return new CounterRandom(ByteBuffer.wrap(hash.bytes()).getLong());
    }
}
