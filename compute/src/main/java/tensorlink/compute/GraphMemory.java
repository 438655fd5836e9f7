package tensorlink.compute;

import tensorlink.compute.MemoryEstimate.Load;
import tensorlink.compute.graph.Operator;

/** How many bytes a stage of a {@link GraphModel} needs: counted from its values. */
final class GraphMemory {
    private GraphMemory() {}

    static MemoryEstimate ofTraining(
            GraphModel model, LayerRange layers, Load load, TrainingOptions options) {
        long weights = weightBytes(model, layers);
        var tensors = model.tensors(layers);
        long largest = 0;
        for (var tensor : tensors) {
            largest = Math.max(largest, tensor.byteSize());
        }
        long training = weights + options.optimizer().stateBytes(tensors) + 2 * largest;
        long kept = edges(model, layers);
        for (int node = layers.first(); node < layers.end(); node++) {
            kept += copies(model, node) * elements(model, node);
        }
        long flights = options.recompute() ? 1 : load.inFlight();
        long stored = options.recompute() ? edges(model, layers) * load.inFlight() : 0;
        return new MemoryEstimate(
                weights,
                training,
                (long) Float.BYTES * load.rows() * (kept * flights + stored),
                scratch(model, layers, load));
    }

    static MemoryEstimate ofInference(GraphModel model, LayerRange layers, Load load) {
        long held = edges(model, layers);
        for (int node = layers.first(); node < layers.end(); node++) {
            held += elements(model, node);
        }
        return new MemoryEstimate(
                weightBytes(model, layers),
                0,
                (long) Float.BYTES * load.rows() * held,
                scratch(model, layers, load));
    }

    /**
     * How often autograd keeps a node's values: as it was given them, and its result. A batch norm
     * is composed, and keeps besides what it becomes channel by channel.
     */
    private static long copies(GraphModel model, int node) {
        return model.graph().nodes().get(node).operator() instanceof Operator.BatchNorm ? 5 : 2;
    }

    private static long weightBytes(GraphModel model, LayerRange layers) {
        long bytes = 0;
        for (var tensor : model.tensors(layers)) {
            bytes += tensor.byteSize();
        }
        return bytes;
    }

    /** What is taken and given, in numbers per row. */
    private static long edges(GraphModel model, LayerRange layers) {
        long given =
                model.holdsHead(layers)
                        ? model.graph().result().elements()
                        : model.edgeWidth(layers.end());
        return model.edgeWidth(layers.first()) + given;
    }

    private static long elements(GraphModel model, int node) {
        var graph = model.graph();
        return graph.value(graph.inputs().size() + node).shape().elements();
    }

    /** Windows are laid out side by side for a convolution, one row at a time. */
    private static long scratch(GraphModel model, LayerRange layers, Load load) {
        var graph = model.graph();
        long widest = 0;
        for (int node = layers.first(); node < layers.end(); node++) {
            long own = 4 * elements(model, node) * load.rows();
            if (graph.nodes().get(node).operator() instanceof Operator.Conv2d conv) {
                var in = graph.value(graph.sources(node).getFirst()).shape();
                long places = elements(model, node) / conv.channels();
                long window = in.axis(0) * conv.kernel().height() * conv.kernel().width();
                own += 2 * places * window * load.rows();
            }
            widest = Math.max(widest, own);
        }
        return Float.BYTES * widest;
    }
}
