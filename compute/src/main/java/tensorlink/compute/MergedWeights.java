package tensorlink.compute;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** Weights that have taken up the adapters beside them: {@code W + scale * B A}, as it is read. */
final class MergedWeights implements Weights {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ModelConfig config;
    private final Lora lora;
    private final Weights all;
    private final List<TensorSpec> tensors;
    private final Map<String, TensorSpec> adapters;
    private final Map<String, Tensor> read = new ConcurrentHashMap<>();

    /**
     * @param all in F32
     */
    MergedWeights(ModelConfig config, Weights all) {
        this.config = config;
        this.lora = config.block().lora().orElseThrow();
        this.all = all;
        var entries = config.layout().all();
        this.tensors =
                entries.stream()
                        .filter(entry -> !entry.adapts())
                        .map(Layout.Entry::tensor)
                        .distinct()
                        .toList();
        this.adapters =
                entries.stream()
                        .filter(Layout.Entry::adapts)
                        .collect(
                                Collectors.toMap(
                                        entry -> entry.tensor().name(), Layout.Entry::tensor));
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors;
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        all.read(name, offset, target);
        var part = name.replaceFirst("\\.weight$", "");
        if (!name.endsWith(".weight") || !adapters.containsKey(part + Lora.IN)) {
            return;
        }
        if (offset % Float.BYTES != 0 || target.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset);
        }
        add(adapter(part + Lora.IN), adapter(part + Lora.OUT), offset / Float.BYTES, target);
    }

    private void add(Tensor in, Tensor out, long first, MemorySegment target) {
        long inputs = in.shape().axis(1);
        long outputs = out.shape().axis(0);
        boolean columns = config.family().weight() == Family.Weight.COLUMNS_ARE_OUTPUTS;
        for (long i = 0; i < target.byteSize() / Float.BYTES; i++) {
            long at = first + i;
            long output = columns ? at % outputs : at / inputs;
            long input = columns ? at / outputs : at % inputs;
            double sum = 0;
            for (int r = 0; r < lora.rank(); r++) {
                sum +=
                        (double) out.floatAt(output * lora.rank() + r)
                                * in.floatAt(r * inputs + input);
            }
            double base = target.getAtIndex(FLOAT, i);
            target.setAtIndex(FLOAT, i, (float) (base + lora.scale() * sum));
        }
    }

    /** Kept, as pieces of a weight are read one after another. */
    private Tensor adapter(String name) throws IOException, InterruptedException {
        var known = read.get(name);
        if (known != null) {
            return known;
        }
        var spec = adapters.get(name);
        if (spec == null) {
            throw new IllegalArgumentException("no adapter " + name);
        }
        var tensor = Tensor.allocate(spec.dtype(), spec.shape());
        all.read(name, 0, tensor.data());
        var before = read.putIfAbsent(name, tensor);
        if (before == null) {
            return tensor;
        }
        tensor.close();
        return before;
    }

    @Override
    public void close() {
        read.values().forEach(Tensor::close);
        read.clear();
        all.close();
    }
}
