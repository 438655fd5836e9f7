package tensorlink.compute.onnx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.OnnxWeights.Stored;
import tensorlink.compute.onnx.wire.NodeProto;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells from a graph with BERT's parameters which BERT it is. Sizes are those of the parameters;
 * what they do not tell, the nodes do: the number of heads is in the shape that queries are given,
 * epsilon beside the square root of each norm, and the activation before the second product of each
 * feed-forward. What differs from layer to layer is refused.
 */
final class BertReader {
    private static final String PREFIX = "bert.";
    private static final String QUERY = "encoder.layer.%d.attention.self.query";
    private static final String UP = "encoder.layer.%d.intermediate.dense";
    private static final String WORDS = "embeddings.word_embeddings.weight";
    private static final String CLASSIFIER = "classifier.";
    private static final int LAYERS_MAX = 1 << 10;
    private static final int ACTIVATION_NODES_MAX = 32;
    private static final double EPSILON_OF_ONNX = 1e-5;

    private final OnnxGraph graph;
    private final Map<String, Stored> weights;
    private final Map<String, String> ownNames;

    private BertReader(OnnxGraph graph, NamedWeights.Found found) {
        this.graph = graph;
        this.weights = found.weights();
        this.ownNames = found.ownNames();
    }

    /** The model, without a tokenizer. */
    record Bert(ModelConfig config, OnnxWeights weights) {}

    static Bert read(String source, OnnxGraph graph) throws ModelFormatException {
        var reader = new BertReader(graph, NamedWeights.find(graph, PREFIX));
        var json = new JsonMapper().writeValueAsBytes(reader.config());
        var config = ModelConfig.parse(source + " (as config.json)", json);
        var weights = reader.renamed();
        config.requireTensors(source, config.allLayers(), weights);
        return new Bert(config, weights);
    }

    private boolean classifies() {
        return weights.containsKey(CLASSIFIER + "weight");
    }

    /** Models for a task have the encoder's parameters under a prefix, others have not. */
    private OnnxWeights renamed() {
        var renamed = new LinkedHashMap<String, Stored>();
        weights.forEach((name, stored) ->
                renamed.put(
                        classifies() && !name.startsWith(CLASSIFIER) ? PREFIX + name : name,
                        stored));
        return new OnnxWeights(renamed);
    }

    private Map<String, Object> config() throws ModelFormatException {
        int layers = layers();
        long hidden = size(WORDS, 1);
        var config = new LinkedHashMap<String, Object>();
        config.put("model_type", "bert");
        config.put(
                "architectures",
                List.of(classifies() ? "BertForSequenceClassification" : "BertModel"));
        config.put("hidden_size", hidden);
        config.put("num_hidden_layers", layers);
        config.put("vocab_size", size(WORDS, 0));
        config.put("max_position_embeddings", size("embeddings.position_embeddings.weight", 0));
        config.put("type_vocab_size", size("embeddings.token_type_embeddings.weight", 0));
        config.put("intermediate_size", size(UP.formatted(0) + ".weight", 0));
        config.put("num_attention_heads", same("num_attention_heads", layers, this::heads));
        config.put("hidden_act", same("hidden_act", layers, this::activation));
        config.put("layer_norm_eps", epsilon());
        config.put("tie_word_embeddings", false);
        config.put("hidden_dropout_prob", 0);
        config.put("attention_probs_dropout_prob", 0);
        if (classifies()) {
            config.put("num_labels", size(CLASSIFIER + "weight", 0));
        }
        long softmaxes =
                graph.nodes().stream().filter(it -> it.getOpType().equals("Softmax")).count();
        if (softmaxes != layers) {
            throw graph.wrong(
                    "graph.node: "
                            + softmaxes
                            + " with operator Softmax, expected one for each of "
                            + layers
                            + " layers");
        }
        return config;
    }

    private int layers() throws ModelFormatException {
        int layers = 0;
        while (weights.containsKey(QUERY.formatted(layers) + ".weight")) {
            layers++;
        }
        if (layers < 1 || layers > LAYERS_MAX) {
            throw graph.wrong(
                    "graph.initializer: "
                            + layers
                            + " layers named as "
                            + QUERY.formatted(0)
                            + ".weight, expected 1 to "
                            + LAYERS_MAX
                            + "; only encoders of BERT's kind are read");
        }
        return layers;
    }

    private long size(String name, int axis) throws ModelFormatException {
        var stored = weights.get(name);
        if (stored == null) {
            throw graph.wrong("graph.initializer: " + name + " is missing");
        }
        if (!stored.tensor().isMatrix()) {
            throw graph.wrong(
                    "graph.initializer "
                            + name
                            + ": expected a matrix, found "
                            + stored.tensor().shape());
        }
        return stored.shape().axis(axis);
    }

    /** Reads something of a layer. */
    @FunctionalInterface
    private interface OfLayer<T> {
        T read(int layer) throws ModelFormatException;
    }

    private <T> T same(String key, int layers, OfLayer<T> ofLayer) throws ModelFormatException {
        T first = ofLayer.read(0);
        for (int layer = 1; layer < layers; layer++) {
            T other = ofLayer.read(layer);
            if (!other.equals(first)) {
                throw graph.wrong(
                        key
                                + ": "
                                + other
                                + " in layer "
                                + layer
                                + ", expected "
                                + first
                                + " as in layer 0");
            }
        }
        return first;
    }

    /** Queries are given the shape [rows, positions, heads, dimensions]. */
    private Long heads(int layer) throws ModelFormatException {
        var query = QUERY.formatted(layer);
        long hidden = size(query + ".weight", 0);
        for (var shaped : graph.users(sumWith(query + ".bias"), "Reshape")) {
            var shape = shaped.getInputCount() < 2 ? "" : shaped.getInput(1);
            var axes = lastAxes(shape);
            long dimensions = axes.isEmpty() ? -1 : axes.getLast();
            long heads = axes.size() < 2 ? -1 : axes.get(axes.size() - 2);
            if (dimensions >= 1 && hidden % dimensions == 0) {
                return hidden / dimensions;
            }
            if (dimensions == -1 && heads >= 1 && hidden % heads == 0) {
                return heads;
            }
        }
        throw graph.wrong(
                query + ": no Reshape into heads whose number divides " + hidden + " follows");
    }

    /** The end of a shape that is a constant, or put together of some. */
    private List<Long> lastAxes(String shape) {
        var whole = graph.constant(shape);
        if (whole.isPresent()) {
            return whole.get().longs();
        }
        var joined = graph.maker(shape, "Concat");
        var axes = new ArrayList<Long>();
        if (joined.isPresent()) {
            for (var part : joined.get().getInputList()) {
                axes.addAll(graph.constant(part).map(OnnxTensor::longs).orElse(List.of(-1L)));
            }
        }
        return axes;
    }

    /** The value to which a bias was added. */
    private String sumWith(String bias) throws ModelFormatException {
        var sums = graph.users(ownNames.getOrDefault(bias, bias), "Add");
        if (sums.size() != 1) {
            throw graph.wrong(bias + ": " + sums.size() + " nodes add it, expected one");
        }
        return sums.getFirst().getOutput(0);
    }

    /** All nodes from the first sum of a feed-forward to its second product. */
    private String activation(int layer) throws ModelFormatException {
        var up = UP.formatted(layer);
        var operators = new LinkedHashSet<String>();
        var seen = new LinkedHashSet<String>();
        var next = new ArrayList<>(List.of(sumWith(up + ".bias")));
        Optional<NodeProto> gelu = Optional.empty();
        while (!next.isEmpty()) {
            for (var user : graph.users(next.removeLast())) {
                if (user.getOpType().equals("MatMul") || !seen.add(user.getOutput(0))) {
                    continue;
                }
                if (seen.size() > ACTIVATION_NODES_MAX) {
                    throw graph.wrong(
                            up
                                    + ": more than "
                                    + ACTIVATION_NODES_MAX
                                    + " nodes before the next MatMul");
                }
                operators.add(user.getOpType());
                gelu = user.getOpType().equals("Gelu") ? Optional.of(user) : gelu;
                next.add(user.getOutput(0));
            }
        }
        if (gelu.isPresent()) {
            var approximate =
                    OnnxGraph.attribute(gelu.get(), "approximate")
                            .map(it -> it.getS().toStringUtf8())
                            .orElse("none");
            return approximate.equals("tanh") ? "gelu_new" : "gelu";
        }
        if (operators.equals(Set.of("Relu"))) {
            return "relu";
        }
        if (operators.equals(Set.of("Div", "Erf", "Add", "Mul"))
                || operators.equals(Set.of("Mul", "Erf", "Add"))) {
            return "gelu";
        }
        if (operators.containsAll(Set.of("Pow", "Mul", "Add", "Tanh")) && operators.size() == 4) {
            return "gelu_new";
        }
        throw graph.wrong(
                up + ": expected gelu or relu next, found " + String.join(", ", operators));
    }

    private double epsilon() throws ModelFormatException {
        var norms =
                weights.keySet().stream().filter(it -> it.endsWith("LayerNorm.weight")).toList();
        var found = new LinkedHashSet<Double>();
        for (var norm : norms) {
            found.add(epsilon(norm));
        }
        if (found.size() != 1) {
            throw graph.wrong("layer_norm_eps: expected one for all norms, found " + found);
        }
        return found.iterator().next();
    }

    private double epsilon(String norm) throws ModelFormatException {
        var name = ownNames.getOrDefault(norm, norm);
        var whole = graph.users(name, "LayerNormalization");
        if (!whole.isEmpty()) {
            return OnnxGraph.attribute(whole.getFirst(), "epsilon")
                    .map(it -> Double.parseDouble(Float.toString(it.getF())))
                    .orElse(EPSILON_OF_ONNX);
        }
        for (var product : graph.users(name, "Mul")) {
            for (var input : product.getInputList()) {
                var variance =
                        graph.maker(input, "Div")
                                .flatMap(it -> maker(it, 1, "Sqrt"))
                                .flatMap(it -> maker(it, 0, "Add"));
                if (variance.isPresent()) {
                    for (var added : variance.get().getInputList()) {
                        var value =
                                graph.constant(added).map(OnnxTensor::scalar).orElse(Double.NaN);
                        if (value > 0) {
                            return value;
                        }
                    }
                }
            }
        }
        throw graph.wrong(norm + ": no norm with an epsilon above 0 uses it");
    }

    private Optional<NodeProto> maker(NodeProto user, int input, String operator) {
        return user.getInputCount() > input
                ? graph.maker(user.getInput(input), operator)
                : Optional.empty();
    }
}
