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
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.tensor.Initial;
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

    private final long seed;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private record Entry(TensorSpec tensor, Initial initial) {}

    private FreshWeights(long seed) {
        this.seed = seed;
    }

    static FreshWeights of(ModelConfig config, long seed) {
        var weights = new FreshWeights(seed);
        for (var entry : config.layout().all()) {
            weights.add(entry.tensor(), initial(config, entry));
        }
        return weights;
    }

    static FreshWeights of(LayerGraph graph, long seed) {
        var weights = new FreshWeights(seed);
        for (int node = 0; node < graph.nodes().size(); node++) {
            var tensors = graph.tensors(node);
            var parameters = graph.parameters(node);
            for (int i = 0; i < tensors.size(); i++) {
                weights.add(tensors.get(i), parameters.get(i).initial());
            }
        }
        return weights;
    }

    private void add(TensorSpec tensor, Initial initial) {
        entries.putIfAbsent(tensor.name(), new Entry(tensor, initial));
    }

    private static Initial initial(ModelConfig config, Layout.Entry entry) {
        switch (entry.role()) {
            case ADAPTER_IN -> {
                return new Initial.Uniform(1 / Math.sqrt((double) entry.tensor().shape().axis(1)));
            }
            case ADAPTER_OUT -> {
                return new Initial.Constant(0);
            }
            case WEIGHT, BIAS -> {}
        }
        if (entry.tensor().shape().rank() > 1) {
            return new Initial.Normal(deviation(config, entry.part()));
        }
        boolean one =
                entry.role() != Layout.Role.BIAS && config.family().norm() != Norm.Kind.RMS_OFFSET;
        return new Initial.Constant(one ? 1 : 0);
    }

    @Override
    public List<TensorSpec> tensors() {
        return entries.values().stream().map(Entry::tensor).toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        var tensor = entry.tensor();
        if (offset < 0
                || target.byteSize() > tensor.byteSize() - offset
                || offset % Float.BYTES != 0
                || target.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset);
        }
        long first = offset / Float.BYTES;
        long count = target.byteSize() / Float.BYTES;
        switch (entry.initial()) {
            case Initial.Constant(float value) -> {
                for (long i = 0; i < count; i++) {
                    target.setAtIndex(FLOAT, i, value);
                }
            }
            case Initial.Normal(double deviation) ->
                    fillNormal(random(name), first, target, deviation);
            case Initial.Uniform(double bound) -> {
                var random = random(name);
                for (long i = 0; i < count; i++) {
                    double value = (2 * random.uniform(first + i) - 1) * bound;
                    target.setAtIndex(FLOAT, i, (float) value);
                }
            }
        }
    }

    /** GPT-2 makes what is added to the residual stream smaller, the more often that is done. */
    private static double deviation(ModelConfig config, Part part) {
        boolean residual = part == Part.OUTPUT || part == Part.DOWN;
        return config.family() == Family.GPT2 && residual
                ? config.initializerRange() / Math.sqrt(2.0 * config.layers())
                : config.initializerRange();
    }

    private static void fillNormal(
            CounterRandom random, long first, MemorySegment target, double deviation) {
        long count = target.byteSize() / Float.BYTES;
        for (long i = 0; i < count; ) {
            long pair = (first + i) >> 1;
            double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.uniform(2 * pair)));
            double angle = 2 * Math.PI * random.uniform(2 * pair + 1);
            if (((first + i) & 1) == 0) {
                double normal = radius * StrictMath.cos(angle);
                target.setAtIndex(FLOAT, i++, (float) (normal * deviation));
            }
            if (i < count) {
                double normal = radius * StrictMath.sin(angle);
                target.setAtIndex(FLOAT, i++, (float) (normal * deviation));
            }
        }
    }

    private CounterRandom random(String name) {
        var hash = Digest.of((seed + " " + name).getBytes(StandardCharsets.UTF_8));
        return new CounterRandom(ByteBuffer.wrap(hash.bytes()).getLong());
    }
}
