package tensorlink.compute;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What a model is, as data: enough to name its tensors, to cut it into stages and to compute it.
 */
public sealed interface Architecture permits ModelConfig, GraphModel {
    int JSON_BYTES_MAX = 1 << 20;

    /**
     * Reads what {@link #json} writes: a Hugging Face {@code config.json}, or a layer graph.
     *
     * @param source names the file in errors
     * @throws ModelFormatException when it is malformed, or not a model that this program knows
     */
    static Architecture parse(String source, byte[] json) throws ModelFormatException {
        return JsonObject.parse(source, json, JSON_BYTES_MAX).has("format")
                ? GraphModel.parse(source, json)
                : ModelConfig.parse(source, json);
    }

    /** Its text, from which {@link #parse} gives an equal one. */
    byte[] json();

    Task task();

    /** How many parts it has that can be on stages of their own. */
    int layers();

    /**
     * Whether a stage may end before layer {@code cut}.
     *
     * @param cut 0 to the number of layers
     */
    default boolean separable(int cut) {
        return true;
    }

    /**
     * Refuses a stage that the model cannot be cut into.
     *
     * @throws IllegalArgumentException when there are no such layers, or a cut is not {@link
     *     #separable}
     */
    default void requireStage(LayerRange range) {
        ModelConfig.require(range.end() <= layers(), range + " of a model with " + layers());
        ModelConfig.require(
                separable(range.first()) && separable(range.end()),
                range + " share tensors with others: they must be on one stage");
    }

    /**
     * Cuts the model into stages of near equal size, as far as it is {@link #separable}.
     *
     * @throws IllegalArgumentException when there are too few places to cut it
     */
    default List<LayerRange> even(int stages) {
        var cuts = new ArrayList<Integer>();
        for (int cut = 1; cut < layers(); cut++) {
            if (separable(cut)) {
                cuts.add(cut);
            }
        }
        ModelConfig.require(
                stages >= 1 && stages <= cuts.size() + 1,
                stages + " stages of a model that can be cut into " + (cuts.size() + 1));
        var ranges = new ArrayList<LayerRange>();
        int first = 0;
        for (int stage = 1; stage < stages; stage++) {
            int wanted = LayerRange.even(layers(), stages).get(stage).first();
            int left = stages - stage; // as many cuts are still needed, this one among them
            int at = 0;
            while (cuts.size() - at > left && cuts.get(at) < wanted) {
                at++;
            }
            int cut = cuts.get(at);
            cuts.subList(0, at + 1).clear();
            ranges.add(new LayerRange(first, cut));
            first = cut;
        }
        ranges.add(new LayerRange(first, layers()));
        return List.copyOf(ranges);
    }

    /** The most positions of a row. */
    int contextLength();

    /** Exactly the tensors that a stage with {@code range} holds, in the order of the model. */
    List<TensorSpec> tensors(LayerRange range);

    /**
     * Those of {@link #tensors} that no gradient moves: running statistics, each with how much of a
     * micro-batch's it takes up.
     */
    default Map<String, Double> statistics(LayerRange range) {
        return Map.of();
    }

    /**
     * Refuses replicas of a model with running statistics: these follow micro-batch after
     * micro-batch, of which a replica sees its own only.
     *
     * @throws IllegalArgumentException naming the first of them
     */
    default void requireReplicas(int replicas) {
        var statistics = statistics(allLayers()).keySet();
        if (replicas > 1 && !statistics.isEmpty()) {
            throw new IllegalArgumentException(
                    "replicas "
                            + replicas
                            + ", at most 1 for a model with running statistics, such as "
                            + statistics.iterator().next());
        }
    }

    /** The names that files have for one of {@link #tensors}: its own, then older ones. */
    default List<String> storedNames(String tensor) {
        return List.of(tensor);
    }

    /** Stored weights under the names of {@link #tensors}. */
    default Weights named(Weights stored) {
        return stored;
    }

    /** Those of {@link #tensors} that are trained, in their order. */
    default List<TensorSpec> trained(LayerRange range, Frozen frozen) {
        var statistics = statistics(range);
        return frozen.trained(tensors(range)).stream()
                .filter(tensor -> !statistics.containsKey(tensor.name()))
                .toList();
    }

    /** Whether {@link #requireTensors} lets a tensor pass that is no part of the model. */
    boolean ignores(String tensor);

    /** Whether first and last stage share a tensor. */
    boolean tiedEmbeddings();

    /** Whether positions look only at those before them, and the last stage predicts the next. */
    boolean causal();

    /** What the first stage is given: tokens, or F32 values like every other stage. */
    boolean takesTokens();

    /** How wide what crosses from stage to stage before layer {@code cut} is, per position. */
    int edgeWidth(int cut);

    /** The shape of what the last stage gives for some rows. */
    Shape resultShape(int rows, int length);

    /** The type of labels: I64 of tokens or classes, or F32. */
    DType labelType();

    /** The shape of the labels of some rows. */
    Shape labelShape(long rows, long length);

    /** The most bytes per position of what stages are sent, for {@link PositionBytes}. */
    PositionBytes positionBytes();

    /**
     * Bytes of one position of a row, of each kind of tensor that travels.
     *
     * @param input what the first stage is given
     * @param edge the widest that goes from stage to stage
     * @param result what the last stage gives
     */
    record PositionBytes(long input, long edge, long result) {}

    /**
     * Refuses rows that cannot be computed.
     *
     * @throws IllegalArgumentException naming what does not fit
     */
    void requireInputs(Rows inputs);

    /** As {@link #requireInputs}, of labels. */
    void requireLabels(Rows labels);

    default LayerRange allLayers() {
        return new LayerRange(0, layers());
    }

    /** Whether {@code range} is that of a first stage. */
    default boolean holdsEmbedding(LayerRange range) {
        return range.first() == 0;
    }

    /** Whether {@code range} is that of a last stage. */
    default boolean holdsHead(LayerRange range) {
        return range.end() == layers();
    }

    /** How many parameters the whole model has; shared ones count once. */
    default long parameterCount() {
        long count = 0;
        for (var tensor : tensors(allLayers())) {
            count += tensor.shape().elements();
        }
        return count;
    }

    /**
     * Refuses weights without the tensors that a stage with {@code range} holds, and weights of a
     * different model.
     *
     * @param source names the weights in errors
     * @throws ModelFormatException when a tensor is missing, or has another shape or a type that
     *     does not widen to F32, or when there are tensors that this model does not have
     */
    default void requireTensors(String source, LayerRange range, Weights weights)
            throws ModelFormatException {
        var found = new HashMap<String, TensorSpec>();
        for (var tensor : weights.tensors()) {
            found.put(tensor.name(), tensor);
        }
        for (var wanted : tensors(range)) {
            var tensor = found.get(wanted.name());
            if (tensor == null) {
                throw new ModelFormatException(source, wanted.name() + " is missing");
            }
            if (!tensor.shape().equals(wanted.shape())) {
                throw new ModelFormatException(
                        source,
                        wanted.name()
                                + ": expected shape "
                                + wanted.shape()
                                + ", found "
                                + tensor.shape());
            }
            if (tensor.dtype() != DType.F32 && !tensor.dtype().widens()) {
                throw new ModelFormatException(
                        source,
                        wanted.name() + ": expected F32, F16 or BF16, found " + tensor.dtype());
            }
        }
        for (var own : tensors(allLayers())) {
            found.remove(own.name());
        }
        for (var name : found.keySet()) {
            if (!ignores(name)) {
                throw new ModelFormatException(source, name + " belongs to another kind of model");
            }
        }
    }
}
