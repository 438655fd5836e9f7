package tensorlink.compute;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A {@link LayerGraph} as a model: its layers are its nodes, and what a stage takes and gives are
 * the values that cross its cuts, of each row one behind the other.
 */
public record GraphModel(LayerGraph graph) implements Architecture {
    private static final String COUNTER = ".num_batches_tracked";

    /**
     * Reads a graph's text.
     *
     * @throws ModelFormatException naming the node, the field, the value and its limits
     */
    public static GraphModel parse(String source, byte[] json) throws ModelFormatException {
        return new GraphModel(LayerGraph.parse(source, json));
    }

    @Override
    public byte[] json() {
        return graph.json();
    }

    @Override
    public Task task() {
        return new Task.Graph(graph.loss());
    }

    @Override
    public int layers() {
        return graph.nodes().size();
    }

    @Override
    public int contextLength() {
        return 1;
    }

    @Override
    public List<TensorSpec> tensors(LayerRange range) {
        ModelConfig.require(range.end() <= layers(), range + " of a model with " + layers());
        var tensors = new LinkedHashSet<TensorSpec>();
        for (int node = range.first(); node < range.end(); node++) {
            tensors.addAll(graph.tensors(node));
        }
        return List.copyOf(tensors);
    }

    @Override
    public boolean separable(int cut) {
        return graph.separable(cut);
    }

    @Override
    public Map<String, Double> statistics(LayerRange range) {
        var statistics = new LinkedHashMap<String, Double>();
        for (int node = range.first(); node < range.end(); node++) {
            if (graph.nodes().get(node).operator()
                    instanceof Operator.BatchNorm(_, double momentum)) {
                var tensors = graph.tensors(node);
                for (int i = 0; i < tensors.size(); i++) {
                    if (!graph.parameters(node).get(i).trained()) {
                        statistics.put(tensors.get(i).name(), momentum);
                    }
                }
            }
        }
        return statistics;
    }

    /** PyTorch's count of batches, which nothing is computed with. */
    @Override
    public boolean ignores(String tensor) {
        int end = tensor.length() - COUNTER.length();
        return tensor.endsWith(COUNTER)
                && graph.nodes().stream()
                        .anyMatch(node ->
                                node.operator() instanceof Operator.BatchNorm
                                        && node.name().equals(tensor.substring(0, end)));
    }

    @Override
    public boolean tiedEmbeddings() {
        return false;
    }

    @Override
    public boolean causal() {
        return false;
    }

    @Override
    public boolean takesTokens() {
        return false;
    }

    /** The values that cross before a node, in order. */
    @Override
    public int edgeWidth(int cut) {
        long width = 0;
        for (int value : graph.crossing(cut)) {
            width += graph.value(value).shape().elements();
        }
        return Math.toIntExact(width);
    }

    @Override
    public Shape resultShape(int rows, int length) {
        return behind(rows, graph.result().axes());
    }

    @Override
    public DType labelType() {
        return switch (graph.loss()) {
            case CROSS_ENTROPY -> DType.I64;
            case MEAN_SQUARED_ERROR -> DType.F32;
        };
    }

    /** Classes are [rows, places], values [rows, 1, numbers]. */
    @Override
    public Shape labelShape(long rows, long length) {
        return switch (graph.loss()) {
            case CROSS_ENTROPY -> Shape.of(rows, places());
            case MEAN_SQUARED_ERROR -> Shape.of(rows, 1, graph.result().elements());
        };
    }

    /** How many classes there are to choose from. */
    public int classes() {
        var result = graph.result();
        return Math.toIntExact(result.axis(result.rank() - 1));
    }

    private int places() {
        return Math.toIntExact(graph.result().elements() / classes());
    }

    private static Shape behind(long rows, List<Long> axes) {
        var all = new ArrayList<Long>();
        all.add(rows);
        all.addAll(axes);
        return new Shape(all);
    }

    @Override
    public PositionBytes positionBytes() {
        long widest = 0;
        for (int cut = 0; cut < layers(); cut++) {
            widest = Math.max(widest, edgeWidth(cut));
        }
        long result = graph.result().elements();
        return new PositionBytes(
                (long) Float.BYTES * edgeWidth(0), Float.BYTES * widest, Float.BYTES * result);
    }

    @Override
    public void requireInputs(Rows inputs) {
        int width = edgeWidth(0);
        if (!(inputs instanceof Values values) || values.width() != width) {
            throw new IllegalArgumentException(
                    "inputs: expected rows of " + width + " values, got " + inputs);
        }
        for (int row = 0; row < values.rows(); row++) {
            int at = 0;
            for (var input : graph.inputs()) {
                long end = at + input.shape().elements();
                for (; at < end; at++) {
                    if (input.ids() > 0) {
                        requireId(input.name(), values.at(row, at), input.ids());
                    }
                }
            }
        }
    }

    /** Refuses what is no id below {@code limit}. */
    public static void requireId(String name, float value, int limit) {
        if (!(value >= 0 && value < limit) || value != Math.floor(value)) {
            throw new IllegalArgumentException(
                    name + ": " + value + " is no id from 0 to " + (limit - 1));
        }
    }

    @Override
    public void requireLabels(Rows labels) {
        switch (graph.loss()) {
            case CROSS_ENTROPY -> {
                if (!(labels instanceof Tokens tokens) || tokens.length() != places()) {
                    throw new IllegalArgumentException(
                            "labels: expected rows of " + places() + " classes, got " + labels);
                }
                tokens.requireBelow("label", classes(), Batch.IGNORED);
            }
            case MEAN_SQUARED_ERROR -> {
                long width = graph.result().elements();
                if (!(labels instanceof Values values) || values.width() != width) {
                    throw new IllegalArgumentException(
                            "labels: expected rows of " + width + " values, got " + labels);
                }
            }
        }
    }
}
