package tensorlink.compute.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.compute.tensor.Shape;

/**
 * Puts a graph together node by node. A node's name comes first, then what it takes; each method
 * returns the name, so that calls nest.
 *
 * <pre>{@code
 * var graph = LayerGraph.builder();
 * var x = graph.input("image", 1, 28, 28);
 * x = graph.conv2d("conv", x, 8, 3, 1, 1);
 * x = graph.activation("relu", x, Operator.Activation.Function.RELU);
 * x = graph.maxPool2d("pool", x, 2);
 * graph.linear("head", graph.flatten("flat", x), 10);
 * return graph.build(GraphLoss.CROSS_ENTROPY);
 * }</pre>
 */
public final class GraphBuilder {
    private final List<LayerGraph.Input> inputs = new ArrayList<>();
    private final List<LayerGraph.Node> nodes = new ArrayList<>();

    GraphBuilder() {}

    /** Numbers, of this shape for each row. */
    public String input(String name, long... shape) {
        inputs.add(new LayerGraph.Input(name, Shape.of(shape), 0));
        return name;
    }

    /** Ids below {@code limit}, so many for each row. */
    public String ids(String name, int limit, int length) {
        inputs.add(new LayerGraph.Input(name, Shape.of(length), limit));
        return name;
    }

    /** Any operator. */
    public String node(String name, Operator operator, String... inputs) {
        nodes.add(new LayerGraph.Node(name, operator, List.of(inputs)));
        return name;
    }

    /** An operator with the tensors of {@code owner}, a node before, as far as they fit. */
    public String sharing(String name, Operator operator, String owner, String... inputs) {
        nodes.add(new LayerGraph.Node(name, operator, List.of(inputs), Optional.of(owner)));
        return name;
    }

    /** With a bias. */
    public String linear(String name, String x, int features) {
        return node(name, new Operator.Linear(features, true), x);
    }

    /** A square kernel, with a bias. */
    public String conv2d(String name, String x, int channels, int kernel, int stride, int padding) {
        return node(
                name,
                new Operator.Conv2d(
                        channels,
                        Operator.Size.of(kernel),
                        Operator.Size.of(stride),
                        Operator.Size.of(padding),
                        true),
                x);
    }

    /** Square windows, side by side. */
    public String maxPool2d(String name, String x, int size) {
        var window = Operator.Size.of(size);
        return node(
                name,
                new Operator.Pool2d(
                        Operator.Pool2d.Pooling.MAX, window, window, Operator.Size.of(0)),
                x);
    }

    public String activation(String name, String x, Operator.Activation.Function kind) {
        return node(name, new Operator.Activation(kind), x);
    }

    /** In training only. */
    public String dropout(String name, String x, double rate) {
        return node(name, new Operator.Dropout(rate), x);
    }

    public String layerNorm(String name, String x) {
        return node(name, new Operator.LayerNorm(1e-5), x);
    }

    /** Over all rows of a micro-batch, with PyTorch's epsilon and momentum. */
    public String batchNorm(String name, String x) {
        return node(name, new Operator.BatchNorm(1e-5, 0.1), x);
    }

    public String add(String name, String a, String b) {
        return node(name, new Operator.Pairwise(Operator.Pairwise.Pairing.ADD), a, b);
    }

    public String flatten(String name, String x) {
        return node(name, new Operator.Flatten(), x);
    }

    public String embedding(String name, String ids, int width) {
        return node(name, new Operator.Embedding(width), ids);
    }

    public String positions(String name, String x) {
        return node(name, new Operator.Positions(), x);
    }

    /**
     * Whole attention: projections {@code name.q}, {@code .k}, {@code .v} and {@code .out} of the
     * width of {@code x}, and {@code name} itself between them.
     *
     * @param x what asks, {@code width} wide
     * @param memory what is looked at
     * @param mask none, or which places of {@code memory} may be looked at
     * @return the name of the last projection
     */
    public String attention(
            String name,
            int width,
            Operator.Attention operator,
            String x,
            String memory,
            String... mask) {
        var given = new ArrayList<String>();
        given.add(linear(name + ".q", x, width));
        given.add(linear(name + ".k", memory, width));
        given.add(linear(name + ".v", memory, width));
        given.addAll(List.of(mask));
        node(name, operator, given.toArray(new String[0]));
        return linear(name + ".out", name, width);
    }

    /**
     * The graph, whose result is that of the last node.
     *
     * @throws IllegalArgumentException naming the first node that is wrong
     */
    public LayerGraph build(GraphLoss loss) {
        return LayerGraph.of(inputs, nodes, loss);
    }
}
