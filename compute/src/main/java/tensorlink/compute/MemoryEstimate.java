package tensorlink.compute;

import java.util.List;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tensor.TensorSpec;

/**
 * How many bytes of native memory a stage needs, for placing stages where they fit.
 *
 * @param weights the parameters
 * @param training gradients, optimizer state and scratch space for one layer's gradients; 0 for
 *     inference
 * @param activations what is kept for the backwards of the micro-batches in flight, or the keys and
 *     values of inference
 * @param scratch what one forward or backward needs besides
 */
public record MemoryEstimate(long weights, long training, long activations, long scratch) {

    /**
     * What a stage works on at once.
     *
     * @param rows sequences per micro-batch, or per cache
     * @param time positions per sequence
     * @param inFlight micro-batches whose backward has not run, or caches
     */
    public record Load(int rows, int time, int inFlight) {
        public Load {
            if (rows < 1 || time < 1 || inFlight < 1) {
                throw new IllegalArgumentException(
                        rows + " rows, " + time + " positions, " + inFlight + " in flight");
            }
        }

        private long positions() {
            return (long) rows * time;
        }
    }

    /** Of training a stage of any model. */
    public static MemoryEstimate ofTraining(
            Architecture architecture, LayerRange layers, Load load, TrainingOptions options) {
        return switch (architecture) {
            case ModelConfig config -> ofTraining(config, layers, load, options);
            case GraphModel graph -> GraphMemory.ofTraining(graph, layers, load, options);
        };
    }

    /** Of running a stage of any model. */
    public static MemoryEstimate ofInference(
            Architecture architecture, LayerRange layers, Load load) {
        return switch (architecture) {
            case ModelConfig config -> ofInference(config, layers, load);
            case GraphModel graph -> GraphMemory.ofInference(graph, layers, load);
        };
    }

    public static MemoryEstimate ofTraining(
            ModelConfig config, LayerRange layers, Load load, TrainingOptions options) {
        long weights = weightBytes(config, layers);
        // Accumulated gradients, as large as what is trained, and what a backward or a step needs.
        var trained = options.frozen().trained(config.tensors(layers));
        long training = bytes(trained) + options.optimizer().stateBytes(trained);
        training += Math.max(largestUnit(config, layers), stepScratch(config, layers, options));
        boolean tied = config.tiedEmbeddings() && !options.frozen().holds(config.embeddingName());
        if (tied && holdsEnd(config, layers)) {
            training += 2 * embedding(config);
        }
        long perPosition = perLayer(config, load.time()) * layers.size() + (long) config.hidden();
        if (config.holdsHead(layers)) {
            perPosition += 2L * config.hidden() + 2L * config.resultWidth();
        }
        return new MemoryEstimate(
                weights,
                training,
                Float.BYTES * load.positions() * kept(config, perPosition, load, options),
                scratch(config, layers, load));
    }

    /** Counted from the operator module: what autograd keeps of one layer, per position. */
    private static long perLayer(ModelConfig config, int time) {
        var attention = config.attention();
        var feedForward = config.feedForward();
        long norms = config.block().norm().placement() == Family.Placement.AROUND ? 11 : 7;
        long kept = norms * config.hidden() + 7L * attention.queryWidth();
        kept += (config.gated() ? 4L : 2L) * feedForward.inner();
        // A cap is composed: scores, what they become, and what they weigh. So is dropout: shares,
        // what is left of them, a byte for each, and copies of queries, keys and values.
        long pairs = attention.cap() > 0 ? 4L : 0;
        long quarters = config.dropoutSites().attention() > 0 ? 9L : 0;
        kept += config.dropoutSites().attention() > 0 ? 3L * attention.queryWidth() : 0;
        kept += config.dropout().none() ? 0 : config.hidden();
        return kept + pairs * attention.heads() * time + quarters * attention.heads() * time / 4;
    }

    /** Floats per position of all micro-batches in flight. */
    private static long kept(
            ModelConfig config, long perPosition, Load load, TrainingOptions options) {
        return options.recompute()
                ? perPosition + (long) config.hidden() * load.inFlight()
                : perPosition * load.inFlight();
    }

    public static MemoryEstimate ofInference(ModelConfig config, LayerRange layers, Load load) {
        long perPosition = config.causal() ? 2L * config.attention().keyWidth() * layers.size() : 0;
        return new MemoryEstimate(
                weightBytes(config, layers),
                0,
                Float.BYTES * perPosition * load.positions() * load.inFlight(),
                servingScratch(config, layers, load));
    }

    public long total() {
        return weights + training + activations + scratch;
    }

    private static long weightBytes(ModelConfig config, LayerRange layers) {
        return bytes(config.tensors(layers));
    }

    private static long bytes(List<TensorSpec> tensors) {
        return tensors.stream().mapToLong(TensorSpec::byteSize).sum();
    }

    private static boolean holdsEnd(ModelConfig config, LayerRange layers) {
        return config.holdsEmbedding(layers) || config.holdsHead(layers);
    }

    private static long embedding(ModelConfig config) {
        return (long) Float.BYTES * config.vocabulary() * config.hidden();
    }

    /** The gradients of one layer, or of the embedding, before they are added. */
    private static long largestUnit(ModelConfig config, LayerRange layers) {
        var one = new LayerRange(layers.first(), layers.first() + 1);
        long layer = weightBytes(config, one);
        return holdsEnd(config, layers) ? Math.max(layer, embedding(config)) : layer;
    }

    /** What moving the largest tensor takes besides its state. */
    private static long stepScratch(
            ModelConfig config, LayerRange layers, TrainingOptions options) {
        return switch (options.optimizer()) {
            case Sgd _, Adam _, AdamW _ -> 0;
            case Adagrad _, RmsProp _, Adafactor _ -> 2 * largestTensor(config, layers);
        };
    }

    private static long largestTensor(ModelConfig config, LayerRange layers) {
        long bytes = 0;
        for (var tensor : config.tensors(layers)) {
            bytes = Math.max(bytes, tensor.byteSize());
        }
        return bytes;
    }

    private static long scratch(ModelConfig config, LayerRange layers, Load load) {
        long widest = Math.max(4L * config.feedForward().inner(), 6L * config.hidden());
        if (config.attention().cap() > 0 || config.dropoutSites().attention() > 0) {
            widest = Math.max(widest, 4L * config.attention().heads() * load.time());
        }
        if (config.holdsHead(layers)) {
            widest = Math.max(widest, 2L * config.resultWidth());
        }
        return Float.BYTES * widest * load.positions();
    }

    /**
     * Without gradients one layer at a time is there: what its feed-forward has of the inner width,
     * and as measured up to 13 results of the hidden width, such as queries, keys and values,
     * turned and repeated. Capped scores come beside.
     */
    private static long servingScratch(ModelConfig config, LayerRange layers, Load load) {
        long layer = 4L * config.feedForward().inner() + 13L * config.hidden();
        if (config.attention().cap() > 0) {
            layer += 4L * config.attention().heads() * load.time();
        }
        long head = config.holdsHead(layers) ? 2L * config.resultWidth() : 0;
        return Float.BYTES * Math.max(layer, head) * load.positions();
    }
}
