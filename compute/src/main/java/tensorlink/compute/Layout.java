package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * The tensors of a model: which each unit (embedding, a layer, head) has, in order, and what for.
 */
public final class Layout {
    private final ModelConfig config;

    Layout(ModelConfig config) {
        this.config = config;
    }

    /** What a tensor is to its part. */
    public enum Role {
        WEIGHT,
        BIAS,
        /** From the part's inputs to the rank of an adapter. */
        ADAPTER_IN,
        /** From there to its outputs; behind the other. */
        ADAPTER_OUT
    }

    /** A tensor and its use. */
    public record Entry(Part part, Role role, TensorSpec tensor) {
        /** Whether it is of an adapter. */
        public boolean adapts() {
            return role == Role.ADAPTER_IN || role == Role.ADAPTER_OUT;
        }
    }

    public List<Entry> embedding() {
        var entries = new ArrayList<Entry>();
        for (var part : config.names().keySet()) {
            if (part.ofEmbedding()) {
                add(entries, part, 0);
            }
        }
        return entries;
    }

    public List<Entry> layer(int layer) {
        var entries = new ArrayList<Entry>();
        for (var part : config.names().keySet()) {
            if (part.ofLayer()) {
                add(entries, part, layer);
            }
        }
        return entries;
    }

    /** Of a tied head the last entry is the embedding's tensor. */
    public List<Entry> head() {
        var entries = new ArrayList<Entry>();
        for (var part : config.names().keySet()) {
            if (part == Part.HEAD && config.tiedEmbeddings()) {
                entries.add(new Entry(Part.HEAD, Role.WEIGHT, embedding().getFirst().tensor()));
            } else if (!part.ofEmbedding() && !part.ofLayer()) {
                add(entries, part, 0);
            }
        }
        return entries;
    }

    /** Of the whole model; a tied embedding comes twice. */
    List<Entry> all() {
        var entries = new ArrayList<>(embedding());
        for (int layer = 0; layer < config.layers(); layer++) {
            entries.addAll(layer(layer));
        }
        entries.addAll(head());
        return entries;
    }

    private void add(List<Entry> entries, Part part, int layer) {
        var names = config.names();
        var name = names.getOrDefault(part, "").replace("#", Integer.toString(layer));
        var shape = weight(part);
        if (part == Part.HEAD_BIAS) {
            entries.add(new Entry(Part.HEAD, Role.BIAS, f32(name, shape)));
            return;
        }
        entries.add(new Entry(part, Role.WEIGHT, f32(name + ".weight", shape)));
        boolean columns = columnsAreOutputs(part);
        long outputs = shape.axis(columns ? shape.rank() - 1 : 0);
        if (biased(part)) {
            entries.add(new Entry(part, Role.BIAS, f32(name + ".bias", Shape.of(outputs))));
        }
        var lora = config.block().lora();
        if (lora.isPresent() && part.ofLayerAndLinear() && lora.get().adapts(name)) {
            int rank = lora.get().rank();
            var in = Shape.of(rank, shape.axis(columns ? 0 : 1));
            entries.add(new Entry(part, Role.ADAPTER_IN, f32(name + Lora.IN, in)));
            var out = Shape.of(outputs, rank);
            entries.add(new Entry(part, Role.ADAPTER_OUT, f32(name + Lora.OUT, out)));
        }
    }

    /** The names of the linear parts of layers, # for the number of one. */
    static List<String> linearParts(Map<Part, String> names) {
        return names.entrySet().stream()
                .filter(entry -> entry.getKey().ofLayerAndLinear())
                .map(Map.Entry::getValue)
                .toList();
    }

    private Shape weight(Part part) {
        int hidden = config.hidden();
        var attention = config.attention();
        int inner = config.feedForward().inner();
        int queries = attention.queryWidth();
        int keys = attention.keyWidth();
        return switch (part) {
            case TOKENS, HEAD -> Shape.of(config.vocabulary(), hidden);
            case POSITIONS -> Shape.of(positionRows(), hidden);
            case TOKEN_TYPES -> Shape.of(config.ends().segments(), hidden);
            case TRANSFORM, POOLER -> Shape.of(hidden, hidden);
            case CLASSIFIER -> Shape.of(config.resultWidth(), hidden);
            case HEAD_BIAS -> Shape.of(config.vocabulary());
            case QUERY -> linear(queries, hidden);
            case KEY, VALUE -> linear(keys, hidden);
            case QUERY_KEY_VALUE -> linear(queries + 2 * keys, hidden);
            case OUTPUT -> linear(hidden, queries);
            case GATE, UP -> linear(inner, hidden);
            case GATE_UP -> linear(2 * inner, hidden);
            case DOWN -> linear(hidden, inner);
            case QUERY_NORM, KEY_NORM -> Shape.of(attention.headDim());
            case ATTENTION_NORM,
                    ATTENTION_END_NORM,
                    FEED_FORWARD_NORM,
                    FEED_FORWARD_END_NORM,
                    EMBEDDING_NORM,
                    TRANSFORM_NORM,
                    FINAL_NORM ->
                    Shape.of(hidden);
        };
    }

    private Shape linear(int outputs, int inputs) {
        return config.family().weight() == Family.Weight.ROWS_ARE_OUTPUTS
                ? Shape.of(outputs, inputs)
                : Shape.of(inputs, outputs);
    }

    private int positionRows() {
        return switch (config.block().positions()) {
            case Positions.Learned(int offset) -> config.contextLength() + offset;
            case Positions.Rotary ignored -> 0;
        };
    }

    private boolean columnsAreOutputs(Part part) {
        return part.ofLayer() && config.family().weight() == Family.Weight.COLUMNS_ARE_OUTPUTS;
    }

    private boolean biased(Part part) {
        return switch (part) {
            case TOKENS, POSITIONS, TOKEN_TYPES, HEAD_BIAS, HEAD -> false;
            case TRANSFORM, POOLER, CLASSIFIER -> true;
            case QUERY, KEY, VALUE, QUERY_KEY_VALUE -> config.attention().inputBias();
            case OUTPUT -> config.attention().outputBias();
            case GATE, UP, GATE_UP, DOWN -> config.feedForward().bias();
            case QUERY_NORM,
                    KEY_NORM,
                    ATTENTION_NORM,
                    ATTENTION_END_NORM,
                    FEED_FORWARD_NORM,
                    FEED_FORWARD_END_NORM,
                    EMBEDDING_NORM,
                    TRANSFORM_NORM,
                    FINAL_NORM ->
                    config.family().norm() == Norm.Kind.LAYER;
        };
    }

    private static TensorSpec f32(String name, Shape shape) {
        return new TensorSpec(name, DType.F32, shape);
    }
}
