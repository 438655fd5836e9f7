package tensorlink.compute;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import tensorlink.compute.ModelConfig.Family;
import tensorlink.compute.ModelConfig.SpecialTokens;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The {@code config.json} of Llama, Mistral and Qwen2, with the defaults of transformers.
 *
 * <p>Reads both layouts of the rotary settings: {@code rope_theta} with {@code rope_scaling}, and
 * {@code rope_parameters} of transformers 5. Writes the first, which every version understands.
 * Keys that transformers would ignore for these families are ignored here.
 */
final class HuggingFaceConfig {
    private static final Set<String> ROPE_TYPES = Set.of("default", "linear", "llama3");

    private final JsonObject json;
    private final String source;
    private final Family family;

    private HuggingFaceConfig(JsonObject json, String source, Family family) {
        this.json = json;
        this.source = source;
        this.family = family;
    }

    static ModelConfig parse(String source, byte[] content) throws ModelFormatException {
        var json = JsonObject.parse(source, content, ModelConfig.JSON_BYTES_MAX);
        refuse(json, "auto_map", "no code of the model's own");
        refuse(json, "quantization_config", "weights that are not quantized");
        return new HuggingFaceConfig(json, source, family(json)).read();
    }

    private static void refuse(JsonObject json, String key, String expected)
            throws ModelFormatException {
        if (json.has(key)) {
            throw json.unsupported(key, expected);
        }
    }

    private static Family family(JsonObject json) throws ModelFormatException {
        var type = json.string("model_type");
        for (var family : Family.values()) {
            if (family.modelType().equals(type)) {
                var architectures = json.strings("architectures");
                if (architectures.isPresent()
                        && !architectures.get().equals(List.of(family.architecture()))) {
                    throw json.unsupported("architectures", "[\"" + family.architecture() + "\"]");
                }
                return family;
            }
        }
        throw json.unsupported("model_type", "llama, mistral or qwen2");
    }

    private ModelConfig read() throws ModelFormatException {
        requireSupported();
        int hidden = json.integer("hidden_size", 1, ModelConfig.HIDDEN_MAX);
        int layers = json.integer("num_hidden_layers", 1, ModelConfig.LAYERS_MAX);
        int heads = json.integer("num_attention_heads", 1, ModelConfig.HEADS_MAX);
        int kvHeads = kvHeads(heads);
        int headDim = headDim(hidden, heads);
        int vocabulary = json.integer("vocab_size", 1, ModelConfig.VOCABULARY_MAX);
        int context =
                json.integer(
                        "max_position_embeddings",
                        1,
                        ModelConfig.CONTEXT_MAX,
                        switch (family) {
                            case LLAMA -> 2048;
                            case MISTRAL -> 131_072;
                            case QWEN2 -> 32_768;
                        });
        boolean llamaBias = family == Family.LLAMA && json.bool("attention_bias", false);
        return new ModelConfig(
                family,
                hidden,
                layers,
                heads,
                kvHeads,
                headDim,
                json.integer("intermediate_size", 1, ModelConfig.INTERMEDIATE_MAX),
                vocabulary,
                context,
                json.number("rms_norm_eps", 1e-30, 0.1, 1e-6),
                rope(context),
                llamaBias || family == Family.QWEN2,
                llamaBias,
                family == Family.LLAMA && json.bool("mlp_bias", false),
                json.bool("tie_word_embeddings", false),
                windows(layers),
                specialTokens(vocabulary),
                json.number("initializer_range", 0, 1, 0.02));
    }

    private void requireSupported() throws ModelFormatException {
        if (!json.string("hidden_act", "silu").equals("silu")) {
            throw json.unsupported("hidden_act", "silu");
        }
        if (json.number("attention_dropout", 0, 1, 0) != 0) {
            throw json.unsupported("attention_dropout", "0");
        }
        if (json.number("partial_rotary_factor", 0, 1, 1) != 1) {
            throw json.unsupported("partial_rotary_factor", "1");
        }
    }

    /** Null means as many as heads, which differs from a missing key. */
    private int kvHeads(int heads) throws ModelFormatException {
        int otherwise =
                json.mentions("num_key_value_heads")
                        ? heads
                        : switch (family) {
                            case LLAMA -> heads;
                            case MISTRAL -> 8;
                            case QWEN2 -> 32;
                        };
        int kvHeads = json.integer("num_key_value_heads", 1, heads, otherwise);
        if (heads % kvHeads != 0) {
            throw json.unsupported("num_key_value_heads", "a divisor of " + heads + " heads");
        }
        return kvHeads;
    }

    private int headDim(int hidden, int heads) throws ModelFormatException {
        if (!json.has("head_dim") && hidden % heads != 0) {
            throw json.unsupported("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int headDim = json.integer("head_dim", 2, ModelConfig.HEAD_DIM_MAX, hidden / heads);
        if (headDim < 2 || headDim > ModelConfig.HEAD_DIM_MAX || headDim % 2 != 0) {
            throw new ModelFormatException(
                    source,
                    "head_dim: expected an even integer from 2 to "
                            + ModelConfig.HEAD_DIM_MAX
                            + ", found "
                            + headDim);
        }
        return headDim;
    }

    private Rope rope(int context) throws ModelFormatException {
        double theta = json.number("rope_theta", 1.001, 1e12, 10_000);
        var scaling = json.object("rope_scaling");
        var found = scaling.isPresent() ? scaling : json.object("rope_parameters");
        if (found.isEmpty()) {
            return Rope.of(theta);
        }
        var rope = found.get();
        theta = rope.number("rope_theta", 1.001, 1e12, theta);
        if (rope.number("partial_rotary_factor", 0, 1, 1) != 1) {
            throw rope.unsupported("partial_rotary_factor", "1");
        }
        var key = rope.has("rope_type") || !rope.has("type") ? "rope_type" : "type";
        var type = rope.string(key, "default");
        if (!ROPE_TYPES.contains(type)) {
            throw rope.unsupported(key, "default, linear or llama3");
        }
        return new Rope(
                theta,
                switch (type) {
                    case "linear" -> new Rope.Linear(rope.number("factor", 1, 1e6));
                    case "llama3" -> llama3(rope, context);
                    default -> new Rope.None();
                });
    }

    private static Rope.Llama3 llama3(JsonObject rope, int context) throws ModelFormatException {
        double low = rope.number("low_freq_factor", 1e-3, 1e6);
        return new Rope.Llama3(
                rope.number("factor", 1, 1e6),
                low,
                rope.number("high_freq_factor", Math.nextUp(low), 1e6),
                rope.integer(
                        "original_max_position_embeddings", 1, ModelConfig.CONTEXT_MAX, context));
    }

    private List<Integer> windows(int layers) throws ModelFormatException {
        var types = json.strings("layer_types");
        return switch (family) {
            case LLAMA -> {
                if (types.isPresent() && types.get().contains("sliding_attention")) {
                    throw json.unsupported("layer_types", "full_attention only");
                }
                yield Collections.nCopies(layers, 0);
            }
            case MISTRAL -> {
                if (types.isPresent()) {
                    throw json.unsupported("layer_types", "one sliding_window for all layers");
                }
                yield Collections.nCopies(layers, mistralWindow());
            }
            case QWEN2 -> qwenWindows(layers, types.orElse(List.of()));
        };
    }

    /** Null means no window, which differs from a missing key. */
    private int mistralWindow() throws ModelFormatException {
        int otherwise = json.mentions("sliding_window") ? 0 : 4096;
        return json.integer("sliding_window", 1, ModelConfig.CONTEXT_MAX, otherwise);
    }

    private List<Integer> qwenWindows(int layers, List<String> types) throws ModelFormatException {
        int window = 0;
        if (json.bool("use_sliding_window", false)) {
            int otherwise = json.mentions("sliding_window") ? 0 : 4096;
            window = json.integer("sliding_window", 1, ModelConfig.CONTEXT_MAX, otherwise);
        }
        int from = json.integer("max_window_layers", 0, Integer.MAX_VALUE, 28);
        if (!types.isEmpty() && types.size() != layers) {
            throw json.unsupported("layer_types", "one for each of " + layers + " layers");
        }
        var windows = new ArrayList<Integer>(layers);
        for (int layer = 0; layer < layers; layer++) {
            boolean slides = types.isEmpty() ? layer >= from : slides(types.get(layer));
            windows.add(slides ? window : 0);
        }
        return windows;
    }

    private boolean slides(String type) throws ModelFormatException {
        return switch (type) {
            case "sliding_attention" -> true;
            case "full_attention" -> false;
            default ->
                    throw json.unsupported(
                            "layer_types", "full_attention and sliding_attention only");
        };
    }

    private SpecialTokens specialTokens(int vocabulary) throws ModelFormatException {
        int last = vocabulary - 1;
        boolean llama = family == Family.LLAMA || family == Family.MISTRAL;
        return new SpecialTokens(
                optional("bos_token_id", last, llama ? OptionalInt.of(1) : OptionalInt.empty()),
                json.mentions("eos_token_id") || !llama
                        ? json.integers("eos_token_id", 0, last)
                        : List.of(2),
                optional("pad_token_id", last, OptionalInt.empty()));
    }

    private OptionalInt optional(String key, int max, OptionalInt otherwise)
            throws ModelFormatException {
        if (json.has(key)) {
            return OptionalInt.of(json.integer(key, 0, max));
        }
        return json.mentions(key) ? OptionalInt.empty() : otherwise;
    }

    static byte[] write(ModelConfig config) {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            json.writeArrayPropertyStart("architectures");
            json.writeString(config.family().architecture());
            json.writeEndArray();
            json.writeStringProperty("model_type", config.family().modelType());
            json.writeStringProperty("torch_dtype", "float32");
            json.writeNumberProperty("hidden_size", config.hidden());
            json.writeNumberProperty("num_hidden_layers", config.layers());
            json.writeNumberProperty("num_attention_heads", config.heads());
            json.writeNumberProperty("num_key_value_heads", config.kvHeads());
            json.writeNumberProperty("head_dim", config.headDim());
            json.writeNumberProperty("intermediate_size", config.intermediate());
            json.writeStringProperty("hidden_act", "silu");
            json.writeNumberProperty("vocab_size", config.vocabulary());
            json.writeNumberProperty("max_position_embeddings", config.contextLength());
            json.writeNumberProperty("rms_norm_eps", config.normEpsilon());
            json.writeNumberProperty("initializer_range", config.initializerRange());
            json.writeNumberProperty("attention_dropout", 0.0);
            json.writeBooleanProperty("tie_word_embeddings", config.tiedEmbeddings());
            writeRope(json, config.rope());
            writeFamily(json, config);
            writeSpecialTokens(json, config.specialTokens());
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void writeRope(JsonGenerator json, Rope rope) {
        json.writeNumberProperty("rope_theta", rope.theta());
        switch (rope.scaling()) {
            case Rope.None() -> {}
            case Rope.Linear(double factor) -> {
                json.writeObjectPropertyStart("rope_scaling");
                json.writeStringProperty("rope_type", "linear");
                json.writeNumberProperty("factor", factor);
                json.writeEndObject();
            }
            case Rope.Llama3(double factor, double low, double high, int context) -> {
                json.writeObjectPropertyStart("rope_scaling");
                json.writeStringProperty("rope_type", "llama3");
                json.writeNumberProperty("factor", factor);
                json.writeNumberProperty("low_freq_factor", low);
                json.writeNumberProperty("high_freq_factor", high);
                json.writeNumberProperty("original_max_position_embeddings", context);
                json.writeEndObject();
            }
        }
    }

    private static void writeFamily(JsonGenerator json, ModelConfig config) {
        int window = Collections.max(config.windows());
        switch (config.family()) {
            case LLAMA -> {
                json.writeBooleanProperty("attention_bias", config.qkvBias());
                json.writeBooleanProperty("mlp_bias", config.mlpBias());
            }
            case MISTRAL -> writeWindow(json, window);
            case QWEN2 -> {
                json.writeBooleanProperty("use_sliding_window", window > 0);
                writeWindow(json, window);
                json.writeArrayPropertyStart("layer_types");
                for (int w : config.windows()) {
                    json.writeString(w > 0 ? "sliding_attention" : "full_attention");
                }
                json.writeEndArray();
            }
        }
    }

    private static void writeWindow(JsonGenerator json, int window) {
        if (window > 0) {
            json.writeNumberProperty("sliding_window", window);
        } else {
            json.writeNullProperty("sliding_window");
        }
    }

    private static void writeSpecialTokens(JsonGenerator json, SpecialTokens tokens) {
        writeToken(json, "bos_token_id", tokens.begin());
        switch (tokens.end().size()) {
            case 0 -> json.writeNullProperty("eos_token_id");
            case 1 -> json.writeNumberProperty("eos_token_id", tokens.end().getFirst());
            default -> {
                json.writeArrayPropertyStart("eos_token_id");
                for (int id : tokens.end()) {
                    json.writeNumber(id);
                }
                json.writeEndArray();
            }
        }
        writeToken(json, "pad_token_id", tokens.pad());
    }

    private static void writeToken(JsonGenerator json, String key, OptionalInt token) {
        if (token.isPresent()) {
            json.writeNumberProperty(key, token.getAsInt());
        } else {
            json.writeNullProperty(key);
        }
    }
}
