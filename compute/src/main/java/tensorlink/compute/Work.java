package tensorlink.compute;

/**
 * What some layers have to do, in units of which {@link Speed} says how long they take.
 *
 * @param forward floating-point operations of one micro-batch's forward
 * @param backward the same of its backward
 * @param read bytes read from memory for one micro-batch, where that and not arithmetic takes time
 * @param step bytes of parameters that an optimizer step moves
 * @param layers that a micro-batch passes, each of which takes a while by itself
 */
public record Work(double forward, double backward, double read, double step, int layers) {

    /** Work in which passing a layer takes no time of its own. */
    public Work(double forward, double backward, double read, double step) {
        this(forward, backward, read, step, 0);
    }

    /**
     * Training on micro-batches of {@code rows} sequences of {@code time} positions: two operations
     * for each weight and position forward, four backward, and attention over half of the pairs of
     * positions. Of a layer graph, a convolution's weights count for one place.
     */
    public static Work ofTraining(Architecture config, LayerRange layers, int rows, int time) {
        double forward = forward(config, layers, rows, time);
        return new Work(forward, 2 * forward, 0, bytes(config, layers), layers.size());
    }

    /** Generating one token after another: all weights are read for each. */
    public static Work ofGenerating(Architecture config, LayerRange layers) {
        return new Work(0, 0, Float.BYTES * (double) multiplied(config, layers), 0);
    }

    /** How long one micro-batch takes. */
    public double secondsPerMicroBatch(Speed speed) {
        return secondsForward(speed) + secondsBackward(speed);
    }

    /** How long one micro-batch's forward takes, and what is read for it. */
    public double secondsForward(Speed speed) {
        return forward / speed.forward() + read / speed.memory() + layers * speed.forwardLayer();
    }

    /** How long one micro-batch's backward takes. */
    public double secondsBackward(Speed speed) {
        return backward / speed.backward() + layers * speed.backwardLayer();
    }

    /** How long an optimizer step takes. */
    public double secondsPerStep(Speed speed) {
        return step / speed.step();
    }

    private static double forward(Architecture config, LayerRange layers, int rows, int time) {
        double perPosition = 2.0 * multiplied(config, layers);
        if (config instanceof ModelConfig transformer) {
            perPosition += 2.0 * time * transformer.attention().queryWidth() * layers.size();
        }
        return perPosition * rows * time;
    }

    /** Weights that every position is multiplied with; tables are only looked up. */
    private static long multiplied(Architecture config, LayerRange layers) {
        long elements = 0;
        for (var tensor : config.tensors(layers)) {
            elements += tensor.shape().rank() >= 2 ? tensor.shape().elements() : 0;
        }
        if (!(config instanceof ModelConfig transformer)) {
            return elements;
        }
        long table = (long) transformer.vocabulary() * transformer.hidden();
        boolean both = config.holdsEmbedding(layers) && config.holdsHead(layers);
        return config.holdsEmbedding(layers) && !(both && config.tiedEmbeddings())
                ? elements - table
                : elements;
    }

    private static double bytes(Architecture config, LayerRange layers) {
        double bytes = 0;
        for (var tensor : config.tensors(layers)) {
            bytes += tensor.byteSize();
        }
        return bytes;
    }
}
