package tensorlink.compute.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.Shape;

/** Reads a graph's text, of which every key is known or refused. */
final class GraphReader {
    static final String FORMAT = "tensorlink-graph";
    static final int VERSION = 1;

    private static final int INTEGER_MAX = Integer.MAX_VALUE;

    private final String source;

    private GraphReader(String source) {
        this.source = source;
    }

    static LayerGraph parse(String source, byte[] json) throws ModelFormatException {
        var root = JsonObject.parse(source, json, LayerGraph.JSON_BYTES_MAX);
        return new GraphReader(source).graph(root);
    }

    private LayerGraph graph(JsonObject root) throws ModelFormatException {
        if (!root.string("format").equals(FORMAT)) {
            throw root.unsupported("format", "\"" + FORMAT + "\"");
        }
        if (root.integer("version", 0, INTEGER_MAX) != VERSION) {
            throw root.unsupported("version", Integer.toString(VERSION));
        }
        known(root, Set.of("format", "version", "inputs", "nodes", "loss"));
        var inputs = new ArrayList<LayerGraph.Input>();
        for (var input : root.objects("inputs", LayerGraph.INPUTS_MAX)) {
            known(input, Set.of("name", "shape", "ids"));
            inputs.add(
                    new LayerGraph.Input(
                            input.string("name"),
                            shape(input),
                            input.integer("ids", 1, LayerGraph.IDS_MAX, 0)));
        }
        var nodes = new ArrayList<LayerGraph.Node>();
        for (var node : root.objects("nodes", LayerGraph.NODES_MAX)) {
            nodes.add(node(node));
        }
        var loss = loss(root);
        try {
            return LayerGraph.of(inputs, nodes, loss);
        } catch (IllegalArgumentException wrong) {
            throw new ModelFormatException(source, String.valueOf(wrong.getMessage()));
        }
    }

    private static GraphLoss loss(JsonObject root) throws ModelFormatException {
        var text = root.string("loss");
        for (var loss : GraphLoss.values()) {
            if (loss.text().equals(text)) {
                return loss;
            }
        }
        throw root.unsupported(
                "loss",
                "\""
                        + GraphLoss.CROSS_ENTROPY.text()
                        + "\" or \""
                        + GraphLoss.MEAN_SQUARED_ERROR.text()
                        + "\"");
    }

    private LayerGraph.Node node(JsonObject node) throws ModelFormatException {
        var name = node.string("name");
        var inputs = node.strings("inputs");
        if (inputs.isEmpty()) {
            throw node.unsupported("inputs", "an array of strings");
        }
        try {
            Optional<String> shares =
                    node.has("shares") ? Optional.of(node.string("shares")) : Optional.empty();
            return new LayerGraph.Node(name, operator(node), inputs.get(), shares);
        } catch (IllegalArgumentException wrong) {
            throw new ModelFormatException(
                    source,
                    "node \"" + name.replaceAll("[^ -~]", "?") + "\": " + wrong.getMessage());
        }
    }

    private static Operator operator(JsonObject node) throws ModelFormatException {
        var op = node.string("op");
        var activation = activation(op);
        if (activation.isPresent()) {
            keys(node);
            return new Operator.Activation(activation.get());
        }
        return switch (op) {
            case "linear" -> {
                keys(node, "features", "bias");
                yield new Operator.Linear(
                        node.integer("features", 1, INTEGER_MAX), node.bool("bias", true));
            }
            case "conv2d" -> {
                keys(node, "channels", "kernel", "stride", "padding", "bias");
                yield new Operator.Conv2d(
                        node.integer("channels", 1, INTEGER_MAX),
                        size(node, "kernel", 1, Optional.empty()),
                        size(node, "stride", 1, Optional.of(Operator.Size.of(1))),
                        size(node, "padding", 0, Optional.of(Operator.Size.of(0))),
                        node.bool("bias", true));
            }
            case "max_pool2d" -> pool(node, Operator.Pool2d.Pooling.MAX);
            case "mean_pool2d" -> pool(node, Operator.Pool2d.Pooling.MEAN);
            case "layer_norm" -> {
                keys(node, "epsilon");
                yield new Operator.LayerNorm(node.number("epsilon", 1e-12, 1, 1e-5));
            }
            case "batch_norm" -> {
                keys(node, "epsilon", "momentum");
                yield new Operator.BatchNorm(
                        node.number("epsilon", 1e-12, 1, 1e-5), node.number("momentum", 0, 1, 0.1));
            }
            case "softmax" -> {
                keys(node);
                yield new Operator.Softmax();
            }
            case "add" -> {
                keys(node);
                yield new Operator.Pairwise(Operator.Pairwise.Pairing.ADD);
            }
            case "multiply" -> {
                keys(node);
                yield new Operator.Pairwise(Operator.Pairwise.Pairing.MULTIPLY);
            }
            case "scale" -> {
                keys(node, "factor");
                yield new Operator.Scale(node.number("factor", -1e9, 1e9));
            }
            case "dropout" -> {
                keys(node, "rate");
                yield new Operator.Dropout(node.number("rate", 0, 1));
            }
            case "reshape" -> {
                keys(node, "shape");
                yield new Operator.Reshape(shape(node));
            }
            case "flatten" -> {
                keys(node);
                yield new Operator.Flatten();
            }
            case "transpose" -> {
                keys(node, "axes");
                yield new Operator.Transpose(axes(node));
            }
            case "concat" -> {
                keys(node, "axis");
                yield new Operator.Concat(node.integer("axis", 0, LayerGraph.RANK_MAX - 1));
            }
            case "mean" -> {
                keys(node, "axes");
                yield new Operator.Mean(axes(node));
            }
            case "select" -> {
                keys(node, "index");
                yield new Operator.Select(node.integer("index", 0, INTEGER_MAX));
            }
            case "embedding" -> {
                keys(node, "width");
                yield new Operator.Embedding(node.integer("width", 1, INTEGER_MAX));
            }
            case "positions" -> {
                keys(node);
                yield new Operator.Positions();
            }
            case "token_mask" -> {
                keys(node, "padding");
                yield new Operator.TokenMask(node.integer("padding", 0, LayerGraph.IDS_MAX));
            }
            case "attention" -> {
                keys(node, "heads", "causal");
                yield new Operator.Attention(
                        node.integer("heads", 1, INTEGER_MAX), node.bool("causal", false));
            }
            default -> throw node.unsupported("op", "an operator of the list in compute/README.md");
        };
    }

    private static Operator pool(JsonObject node, Operator.Pool2d.Pooling kind)
            throws ModelFormatException {
        keys(node, "kernel", "stride", "padding");
        var kernel = size(node, "kernel", 1, Optional.empty());
        return new Operator.Pool2d(
                kind,
                kernel,
                size(node, "stride", 1, Optional.of(kernel)),
                size(node, "padding", 0, Optional.of(Operator.Size.of(0))));
    }

    private static Optional<Operator.Activation.Function> activation(String op) {
        for (var kind : Operator.Activation.Function.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(op)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** One integer for both, or two. */
    private static Operator.Size size(
            JsonObject node, String key, int min, Optional<Operator.Size> otherwise)
            throws ModelFormatException {
        if (!node.has(key) && otherwise.isPresent()) {
            return otherwise.get();
        }
        var both = node.integers(key, min, Operator.WINDOW_MAX);
        if (both.isEmpty() || both.size() > 2) {
            throw node.unsupported(key, "one or two integers");
        }
        return new Operator.Size(both.getFirst(), both.getLast());
    }

    private static Shape shape(JsonObject node) throws ModelFormatException {
        var axes = axes(node, "shape", 1, Operator.AXIS_MAX);
        try {
            return new Shape(axes.stream().map(Integer::longValue).toList());
        } catch (IllegalArgumentException overflows) {
            throw node.unsupported("shape", "a shape with fewer elements");
        }
    }

    private static List<Integer> axes(JsonObject node) throws ModelFormatException {
        return axes(node, "axes", 0, LayerGraph.RANK_MAX - 1);
    }

    private static List<Integer> axes(JsonObject node, String key, int min, int max)
            throws ModelFormatException {
        if (!node.has(key)) {
            throw node.unsupported(key, "an array of integers");
        }
        var values = node.integers(key, min, max);
        if (values.size() > LayerGraph.RANK_MAX) {
            throw node.unsupported(key, "at most " + LayerGraph.RANK_MAX + " integers");
        }
        return values;
    }

    private static void keys(JsonObject node, String... own) throws ModelFormatException {
        var known = new HashSet<>(Set.of("name", "op", "inputs", "shares"));
        known.addAll(List.of(own));
        known(node, known);
    }

    private static void known(JsonObject object, Set<String> known) throws ModelFormatException {
        for (var key : object.keys()) {
            if (!known.contains(key)) {
                throw object.unsupported(key, "no such field");
            }
        }
    }
}
