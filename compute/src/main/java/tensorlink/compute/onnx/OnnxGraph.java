package tensorlink.compute.onnx;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.wire.AttributeProto;
import tensorlink.compute.onnx.wire.NodeProto;

/** Who makes which value of an ONNX graph, who uses it, and which values are constants. */
final class OnnxGraph {
    /** What exporters make of encoders in 32 bits; a quantized one has others. */
    private static final Set<String> OPERATORS =
            Set.of(
                    "Add",
                    "Cast",
                    "Concat",
                    "Constant",
                    "ConstantOfShape",
                    "Div",
                    "Equal",
                    "Erf",
                    "Expand",
                    "Gather",
                    "Gelu",
                    "Gemm",
                    "Identity",
                    "LayerNormalization",
                    "MatMul",
                    "Mul",
                    "Pow",
                    "ReduceMean",
                    "Relu",
                    "Reshape",
                    "Shape",
                    "Slice",
                    "Softmax",
                    "Split",
                    "Sqrt",
                    "Squeeze",
                    "Sub",
                    "Tanh",
                    "Transpose",
                    "Unsqueeze",
                    "Where");

    private final OnnxFile file;
    private final Map<String, NodeProto> makers = new HashMap<>();
    private final Map<String, List<NodeProto>> users = new HashMap<>();
    private final Map<String, OnnxTensor> constants = new LinkedHashMap<>();

    private OnnxGraph(OnnxFile file) {
        this.file = file;
    }

    /**
     * @throws ModelFormatException when a node has an operator that is not on the list, two make
     *     the same value, or one uses a value before it is made
     */
    static OnnxGraph of(OnnxFile file) throws IOException {
        var graph = new OnnxGraph(file);
        graph.constants.putAll(file.initializers());
        for (var node : file.nodes()) {
            graph.add(node);
        }
        return graph;
    }

    private void add(NodeProto node) throws IOException {
        var operator = node.getOpType();
        boolean standard = node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
        if (!standard || !OPERATORS.contains(operator)) {
            throw wrong(
                    node,
                    "op_type: expected one of "
                            + String.join(", ", new TreeSet<>(OPERATORS))
                            + ", found "
                            + OnnxFile.shown(
                                    standard ? operator : node.getDomain() + "." + operator));
        }
        if (node.getOutputCount() == 0 || node.getOutput(0).isEmpty()) {
            throw wrong(node, "output: expected one at least");
        }
        for (var output : node.getOutputList()) {
            if (output.isEmpty()) {
                continue; // an optional one that is not wanted
            }
            if (constants.containsKey(output)
                    || users.containsKey(output)
                    || makers.put(output, node) != null) {
                throw wrong(
                        node,
                        "output: "
                                + OnnxFile.shown(output)
                                + " is made twice, or used before it is made");
            }
        }
        for (var input : Set.copyOf(node.getInputList())) {
            users.computeIfAbsent(input, _ -> new ArrayList<>()).add(node);
        }
        if (operator.equals("Constant")) {
            var value = attribute(node, "value");
            if (value.isPresent() && node.getOutputCount() == 1) {
                constants.put(
                        node.getOutput(0), file.tensor(where(node) + ".value", value.get().getT()));
            }
        } else if (operator.equals("Identity") && node.getInputCount() == 1) {
            var same = constants.get(node.getInput(0));
            if (same != null && node.getOutputCount() == 1) {
                constants.put(node.getOutput(0), same); // exporters keep equal tensors once
            }
        }
    }

    List<NodeProto> nodes() {
        return file.nodes();
    }

    /** The constants by name, also under the further names that an Identity gives them. */
    Map<String, OnnxTensor> constants() {
        return constants;
    }

    Optional<OnnxTensor> constant(String name) {
        return Optional.ofNullable(constants.get(name));
    }

    /** The node that makes a value, if it has this operator. */
    Optional<NodeProto> maker(String value, String operator) {
        return Optional.ofNullable(makers.get(value))
                .filter(node -> node.getOpType().equals(operator));
    }

    List<NodeProto> users(String value) {
        return users.getOrDefault(value, List.of());
    }

    /** Those with this operator. */
    List<NodeProto> users(String value, String operator) {
        return users(value).stream().filter(node -> node.getOpType().equals(operator)).toList();
    }

    static Optional<AttributeProto> attribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst();
    }

    ModelFormatException wrong(NodeProto node, String reason) {
        return file.wrong(where(node) + "." + reason);
    }

    ModelFormatException wrong(String reason) {
        return file.wrong(reason);
    }

    private static String where(NodeProto node) {
        var name =
                node.getName().isEmpty() ? String.join(",", node.getOutputList()) : node.getName();
        return "graph.node " + OnnxFile.shown(name);
    }
}
