package tensorlink.compute.onnx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.OnnxWeights.Stored;
import tensorlink.compute.onnx.wire.NodeProto;

/**
 * Finds out what each tensor of a graph is called in PyTorch.
 *
 * <p>Exporters keep the names of most parameters. What a {@code MatMul} takes they store transposed
 * and without a name; the bias that is added next has one, of which the weight's is known.
 */
final class NamedWeights {
    private static final Pattern PARAMETER = Pattern.compile("[A-Za-z0-9_.]+\\.(weight|bias)");
    private static final String BIAS = ".bias";

    private final OnnxGraph graph;
    private final Map<String, Stored> named = new LinkedHashMap<>();
    private final Map<String, String> ownNames = new LinkedHashMap<>();

    private NamedWeights(OnnxGraph graph) {
        this.graph = graph;
    }

    /**
     * @param weights by name in PyTorch without {@code prefix}
     * @param ownNames what the graph calls those that it has a name for
     */
    record Found(Map<String, Stored> weights, Map<String, String> ownNames) {}

    /**
     * @param prefix may precede names, and is left out
     * @throws ModelFormatException when a matrix of floats has no name, or two have the same
     */
    static Found find(OnnxGraph graph, String prefix) throws ModelFormatException {
        var names = new NamedWeights(graph);
        for (var name : graph.constants().keySet()) {
            names.addNamed(name, prefix);
        }
        for (var node : graph.nodes()) {
            switch (node.getOpType()) {
                case "MatMul" -> names.addMultiplied(node, prefix);
                case "Gemm" -> names.turnGemm(node, prefix);
                default -> {}
            }
        }
        return new Found(names.named, names.ownNames);
    }

    private void addNamed(String name, String prefix) throws ModelFormatException {
        var tensor = graph.constants().get(name);
        if (tensor == null || !tensor.isFloat() || !PARAMETER.matcher(name).matches()) {
            return;
        }
        var bare = bare(name, prefix);
        put(bare, new Stored(tensor, false));
        ownNames.put(bare, name);
    }

    private static String bare(String name, String prefix) {
        return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    }

    /** A constant on the right has inputs for rows, whatever its name. */
    private void addMultiplied(NodeProto node, String prefix) throws ModelFormatException {
        if (node.getInputCount() != 2) {
            throw graph.wrong(node, "input: " + node.getInputCount() + ", expected 2");
        }
        var right = node.getInput(1);
        var tensor = graph.constant(right);
        if (tensor.isEmpty()) {
            return;
        }
        if (!tensor.get().isFloat() || !tensor.get().isMatrix()) {
            throw graph.wrong(
                    node,
                    "input: expected a matrix of float, float16 or bfloat16, found "
                            + tensor.get().dtype()
                            + " "
                            + tensor.get().shape());
        }
        var turned = new Stored(tensor.get(), true);
        if (PARAMETER.matcher(right).matches()) {
            named.put(bare(right, prefix), turned);
            return;
        }
        var bias = biasOf(node);
        if (bias.isEmpty()) {
            throw graph.wrong(
                    node,
                    "input: "
                            + OnnxFile.shown(right)
                            + " has no name of a parameter, nor has a bias that is added next");
        }
        var name = bias.get().substring(0, bias.get().length() - BIAS.length()) + ".weight";
        put(bare(name, prefix), turned);
    }

    private Optional<String> biasOf(NodeProto product) {
        for (var sum : graph.users(product.getOutput(0), "Add")) {
            for (var input : sum.getInputList()) {
                if (input.endsWith(BIAS)
                        && PARAMETER.matcher(input).matches()
                        && graph.constant(input).isPresent()) {
                    return Optional.of(input);
                }
            }
        }
        return Optional.empty();
    }

    /** Only products as they are, of which the weight may be turned. */
    private void turnGemm(NodeProto node, String prefix) throws ModelFormatException {
        for (var attribute : node.getAttributeList()) {
            boolean fits =
                    switch (attribute.getName()) {
                        case "alpha", "beta" -> attribute.getF() == 1;
                        case "transA" -> attribute.getI() == 0;
                        case "transB" -> attribute.getI() == 0 || attribute.getI() == 1;
                        default -> false;
                    };
            if (!fits) {
                throw graph.wrong(
                        node,
                        "attribute "
                                + OnnxFile.shown(attribute.getName())
                                + ": expected alpha and beta 1, transA 0, transB 0 or 1");
            }
        }
        var bare = bare(node.getInputCount() < 2 ? "" : node.getInput(1), prefix);
        var stored = named.get(bare);
        if (stored == null || !stored.tensor().isMatrix()) {
            throw graph.wrong(node, "input: expected a matrix with the name of a parameter");
        }
        long transposed = OnnxGraph.attribute(node, "transB").map(it -> it.getI()).orElse(0L);
        named.put(bare, new Stored(stored.tensor(), transposed == 0));
    }

    private void put(String name, Stored stored) throws ModelFormatException {
        if (named.put(name, stored) != null) {
            throw graph.wrong("graph.initializer: two are " + OnnxFile.shown(name));
        }
    }
}
