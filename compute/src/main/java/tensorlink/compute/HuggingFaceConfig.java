package tensorlink.compute;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tensorlink.compute.Family.Placement;
import tensorlink.compute.FeedForward.Activation;
import tensorlink.compute.ModelConfig.SpecialTokens;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;

/**
 * Reads {@code config.json} as transformers does, with its defaults.
 *
 * <p>Takes both layouts of the rotary settings: {@code rope_theta} with {@code rope_scaling}, and
 * {@code rope_parameters} of transformers 5. Keys that transformers would ignore for a family are
 * ignored here.
 */
final class HuggingFaceConfig {
    static final String CLASSIFICATION = "single_label_classification";
    static final String REGRESSION = "regression";
    static final String LORA = "tensorlink_lora";

    private final JsonObject json;
    private final String source;
    private final Family family;
    private final Dialect dialect;

    private HuggingFaceConfig(JsonObject json, String source, Family family) {
        this.json = json;
        this.source = source;
        this.family = family;
        this.dialect = Dialect.of(family);
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
                return family;
            }
        }
        var known = Stream.of(Family.values()).map(Family::modelType).toList();
        throw json.unsupported("model_type", "one of " + String.join(", ", known));
    }

    private Task task() throws ModelFormatException {
        var known = family.architectures();
        var said = json.strings("architectures");
        if (said.isEmpty() && known.size() == 1) {
            return task(known.keySet().iterator().next());
        }
        for (var entry : known.entrySet()) {
            if (said.isPresent() && said.get().equals(List.of(entry.getValue()))) {
                return task(entry.getKey());
            }
        }
        throw json.unsupported(
                "architectures",
                known.values().stream()
                        .distinct()
                        .map(name -> "[\"" + name + "\"]")
                        .collect(Collectors.joining(" or ")));
    }

    private Task task(Task.Kind kind) throws ModelFormatException {
        return switch (kind) {
            case CAUSAL_LM -> new Task.CausalLm();
            case MASKED_LM -> new Task.MaskedLm();
            case CLASSIFICATION, REGRESSION -> ofRows(labels());
            case FEATURES -> new Task.Features();
            case GRAPH -> throw new IllegalStateException("no family is for graphs");
        };
    }

    /** What has a single label is a number, unless the configuration says otherwise. */
    private Task ofRows(List<String> labels) throws ModelFormatException {
        var problem = json.string("problem_type", labels.size() == 1 ? REGRESSION : CLASSIFICATION);
        return switch (problem) {
            case CLASSIFICATION -> new Task.Classification(labels);
            case REGRESSION -> new Task.Regression(labels);
            default -> throw json.unsupported("problem_type", CLASSIFICATION + " or " + REGRESSION);
        };
    }

    /** Two classes where none are named, as transformers has it. */
    private List<String> labels() throws ModelFormatException {
        var named = json.object("id2label");
        if (named.isEmpty()) {
            int count = json.integer("num_labels", 1, Task.Classification.LABELS_MAX, 2);
            return IntStream.range(0, count).mapToObj(id -> "LABEL_" + id).toList();
        }
        var labels = new ArrayList<String>();
        while (named.get().has(Integer.toString(labels.size()))) {
            labels.add(named.get().string(Integer.toString(labels.size())));
        }
        if (labels.isEmpty() || labels.size() != named.get().size()) {
            throw json.unsupported("id2label", "a name for each class from 0 on");
        }
        return labels;
    }

    private ModelConfig read() throws ModelFormatException {
        var task = task();
        requireSupported();
        int hidden = json.integer(dialect.keys().hidden(), 1, ModelConfig.HIDDEN_MAX);
        int layers = json.integer(dialect.keys().layers(), 1, ModelConfig.LAYERS_MAX);
        int vocabulary = json.integer("vocab_size", 1, ModelConfig.VOCABULARY_MAX);
        var tokens = specialTokens(vocabulary);
        int offset = family == Family.ROBERTA ? tokens.pad().orElse(0) + 1 : 0;
        int context =
                json.integer(
                                dialect.keys().context(),
                                1 + offset,
                                ModelConfig.CONTEXT_MAX,
                                dialect.context())
                        - offset;
        var attention = attention(hidden, layers);
        var norm = new Norm(epsilon(), placement());
        return new ModelConfig(
                family,
                task,
                hidden,
                layers,
                vocabulary,
                context,
                new Block(
                        attention,
                        new FeedForward(inner(hidden), activation(), feedForwardBias()),
                        norm,
                        positions(attention.headDim(), context, offset),
                        lora()),
                ends(hidden, task),
                dropout(task),
                tokens,
                json.number("initializer_range", 0, 1, 0.02));
    }

    /** Refuses what would change results and is not computed. */
    private void requireSupported() throws ModelFormatException {
        for (var key : dialect.keys().foreign()) {
            refuse(json, key, "the key that " + family.modelType() + " has for it");
        }
        switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3 -> requireIs("partial_rotary_factor", 1);
            case GEMMA2 -> {
                requireIs("partial_rotary_factor", 1);
                requireIs("use_bidirectional_attention", false);
            }
            case PHI3, GPT_NEOX -> {}
            case BERT, ROBERTA -> {
                requireIs("is_decoder", false);
                requireIs("add_cross_attention", false);
                if (!json.string("position_embedding_type", "absolute").equals("absolute")) {
                    throw json.unsupported("position_embedding_type", "absolute");
                }
            }
            case DISTILBERT -> requireIs("sinusoidal_pos_embds", false);
            case GPT2 -> {
                requireIs("scale_attn_weights", true);
                requireIs("scale_attn_by_inverse_layer_idx", false);
                requireIs("add_cross_attention", false);
            }
        }
    }

    private void requireIs(String key, boolean value) throws ModelFormatException {
        if (json.bool(key, value) != value) {
            throw json.unsupported(key, Boolean.toString(value));
        }
    }

    private void requireIs(String key, int value) throws ModelFormatException {
        if (json.number(key, 0, 1, value) != value) {
            throw json.unsupported(key, Integer.toString(value));
        }
    }

    private Attention attention(int hidden, int layers) throws ModelFormatException {
        int heads = json.integer(dialect.keys().heads(), 1, ModelConfig.HEADS_MAX);
        boolean biased =
                switch (family) {
                    case LLAMA, QWEN3, GEMMA2 -> json.bool("attention_bias", false);
                    case MISTRAL, PHI3, QWEN2 -> false;
                    case GPT_NEOX -> json.bool("attention_bias", true);
                    case GPT2, BERT, ROBERTA, DISTILBERT -> true;
                };
        boolean gemma = family == Family.GEMMA2;
        int headDim = headDim(hidden, heads);
        return new Attention(
                heads,
                keyHeads(heads),
                headDim,
                biased || family == Family.QWEN2,
                biased,
                gemma ? json.integer("query_pre_attn_scalar", 1, 1_000_000, 256) : headDim,
                gemma ? cap("attn_logit_softcapping", 50) : 0,
                windows(layers));
    }

    /** Null means as many as heads, which differs from a missing key. */
    private int keyHeads(int heads) throws ModelFormatException {
        if (!family.choosesHeads()) {
            return heads;
        }
        boolean all = json.mentions("num_key_value_heads") || dialect.keyHeads() == 0;
        int otherwise = all ? heads : dialect.keyHeads();
        int keyHeads = json.integer("num_key_value_heads", 1, heads, otherwise);
        if (heads % keyHeads != 0) {
            throw json.unsupported("num_key_value_heads", "a divisor of " + heads + " heads");
        }
        return keyHeads;
    }

    private int headDim(int hidden, int heads) throws ModelFormatException {
        boolean own = family.choosesHeads() && (json.has("head_dim") || dialect.headDim() > 0);
        if (!own && hidden % heads != 0) {
            throw json.unsupported(dialect.keys().heads(), "a divisor of hidden size " + hidden);
        }
        int headDim =
                own
                        ? json.integer("head_dim", 2, ModelConfig.HEAD_DIM_MAX, dialect.headDim())
                        : hidden / heads;
        boolean turns = family.traits().positions() == Positions.Kind.ROTARY;
        if (headDim > ModelConfig.HEAD_DIM_MAX || (turns && headDim % 2 != 0)) {
            throw new ModelFormatException(
                    source,
                    "head_dim: expected "
                            + (turns ? "an even integer from 2" : "an integer from 1")
                            + " to "
                            + ModelConfig.HEAD_DIM_MAX
                            + ", found "
                            + headDim);
        }
        return headDim;
    }

    /** Null means none. */
    private double cap(String key, double otherwise) throws ModelFormatException {
        return json.number(key, 1e-6, 999_999, json.mentions(key) ? 0 : otherwise);
    }

    private List<Integer> windows(int layers) throws ModelFormatException {
        var types = json.strings("layer_types");
        return switch (family) {
            case LLAMA, GPT2, GPT_NEOX, BERT, ROBERTA, DISTILBERT -> {
                if (types.isPresent() && types.get().contains("sliding_attention")) {
                    throw json.unsupported("layer_types", "full_attention only");
                }
                yield Collections.nCopies(layers, 0);
            }
            case MISTRAL, PHI3 -> {
                if (types.isPresent()) {
                    throw json.unsupported("layer_types", "one sliding_window for all layers");
                }
                yield Collections.nCopies(layers, window(family == Family.MISTRAL ? 4096 : 0));
            }
            case QWEN2, QWEN3 -> {
                int window = json.bool("use_sliding_window", false) ? window(4096) : 0;
                int from = json.integer("max_window_layers", 0, Integer.MAX_VALUE, 28);
                yield windows(layers, window, types.orElse(List.of()), layer -> layer >= from);
            }
            case GEMMA2 ->
                    windows(layers, window(4096), types.orElse(List.of()), layer -> layer % 2 == 0);
        };
    }

    /** Null means no window, which differs from a missing key. */
    private int window(int otherwise) throws ModelFormatException {
        return json.integer(
                "sliding_window",
                1,
                ModelConfig.CONTEXT_MAX,
                json.mentions("sliding_window") ? 0 : otherwise);
    }

    private List<Integer> windows(
            int layers, int window, List<String> types, java.util.function.IntPredicate otherwise)
            throws ModelFormatException {
        if (!types.isEmpty() && types.size() != layers) {
            throw json.unsupported("layer_types", "one for each of " + layers + " layers");
        }
        var windows = new ArrayList<Integer>(layers);
        for (int layer = 0; layer < layers; layer++) {
            boolean slides = types.isEmpty() ? otherwise.test(layer) : slides(types.get(layer));
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

    private int inner(int hidden) throws ModelFormatException {
        var key = dialect.keys().inner();
        return family == Family.GPT2 && !json.has(key)
                ? 4 * hidden
                : json.integer(key, 1, ModelConfig.INTERMEDIATE_MAX);
    }

    private Activation activation() throws ModelFormatException {
        var key = dialect.keys().activation();
        var name = json.string(key, dialect.activation().names().getFirst());
        for (var activation : Activation.values()) {
            if (activation.names().contains(name)) {
                return activation;
            }
        }
        var known = Stream.of(Activation.values()).flatMap(it -> it.names().stream()).toList();
        throw json.unsupported(key, "one of " + String.join(", ", known));
    }

    private boolean feedForwardBias() throws ModelFormatException {
        return switch (family) {
            case LLAMA -> json.bool("mlp_bias", false);
            case MISTRAL, QWEN2, QWEN3, GEMMA2, PHI3 -> false;
            case GPT2, GPT_NEOX, BERT, ROBERTA, DISTILBERT -> true;
        };
    }

    private Placement placement() throws ModelFormatException {
        return family == Family.GPT_NEOX && !json.bool("use_parallel_residual", true)
                ? Placement.BEFORE
                : family.traits().placement();
    }

    private double epsilon() throws ModelFormatException {
        var key = dialect.keys().epsilon();
        return key.isEmpty() ? dialect.epsilon() : json.number(key, 1e-30, 0.1, dialect.epsilon());
    }

    private Positions positions(int headDim, int context, int offset) throws ModelFormatException {
        return switch (family.traits().positions()) {
            case ROTARY -> rotary(headDim, context);
            case LEARNED -> new Positions.Learned(offset);
        };
    }

    private Positions.Rotary rotary(int headDim, int context) throws ModelFormatException {
        boolean neox = family == Family.GPT_NEOX;
        double theta = json.number(neox ? "rotary_emb_base" : "rope_theta", 1.001, 1e12, 10_000);
        if (neox && json.number("rope_theta", 1.001, 1e12, theta) != theta) {
            throw json.unsupported("rope_theta", "the same as rotary_emb_base");
        }
        double part =
                switch (family) {
                    case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2 -> 1;
                    case GPT2, BERT, ROBERTA, DISTILBERT -> 1;
                    case PHI3 -> json.number("partial_rotary_factor", 0, 1, 1);
                    case GPT_NEOX -> json.number("rotary_pct", 0, 1, 0.25);
                };
        var scaling = json.object("rope_scaling");
        var found = scaling.isPresent() ? scaling : json.object("rope_parameters");
        if (found.isEmpty()) {
            return new Positions.Rotary(Rope.of(theta), dimensions(json, headDim, part));
        }
        var rope = found.get();
        theta = rope.number("rope_theta", 1.001, 1e12, theta);
        return new Positions.Rotary(
                new Rope(theta, scaling(rope, context)),
                dimensions(rope, headDim, rope.number("partial_rotary_factor", 0, 1, part)));
    }

    /** How many of a head's dimensions turn. */
    private int dimensions(JsonObject json, int headDim, double part) throws ModelFormatException {
        boolean whole =
                switch (family) {
                    case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2 -> true;
                    case PHI3, GPT_NEOX, GPT2, BERT, ROBERTA, DISTILBERT -> false;
                };
        if (whole && part != 1) {
            throw json.unsupported("partial_rotary_factor", "1");
        }
        int dimensions = (int) (headDim * part);
        if (dimensions < 2 || dimensions % 2 != 0) {
            throw new ModelFormatException(
                    source,
                    "partial_rotary_factor: expected an even number of a head's "
                            + headDim
                            + " dimensions, found "
                            + part);
        }
        return dimensions;
    }

    private Rope.Scaling scaling(JsonObject rope, int context) throws ModelFormatException {
        var key = rope.has("rope_type") || !rope.has("type") ? "rope_type" : "type";
        var type = rope.string(key, "default");
        if (!dialect.ropeTypes().contains(type)) {
            throw rope.unsupported(
                    key, dialect.ropeTypes().size() == 1 ? "default" : "default, linear or llama3");
        }
        return switch (type) {
            case "linear" -> new Rope.Linear(rope.number("factor", 1, 1e6));
            case "llama3" -> llama3(rope, context);
            default -> new Rope.None();
        };
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

    private Ends ends(int hidden, Task task) throws ModelFormatException {
        boolean hasHead = family.names(task.kind()).containsKey(Part.HEAD);
        boolean tied = json.bool("tie_word_embeddings", dialect.tied()) && hasHead;
        if (family == Family.GEMMA2) {
            return new Ends(tied, Math.sqrt(hidden), 0, cap("final_logit_softcapping", 30));
        }
        boolean segments = family.names(task.kind()).containsKey(Part.TOKEN_TYPES);
        return new Ends(tied, 1, segments ? json.integer("type_vocab_size", 1, 1 << 10, 2) : 0, 0);
    }

    private Optional<Lora> lora() throws ModelFormatException {
        var lora = json.object(LORA);
        if (lora.isEmpty()) {
            return Optional.empty();
        }
        var targets = lora.get().strings("targets").orElse(List.of());
        if (targets.isEmpty() || targets.size() > Lora.TARGETS_MAX) {
            throw lora.get().unsupported("targets", "1 to " + Lora.TARGETS_MAX + " names");
        }
        var known = Layout.linearParts(family.names(task().kind()));
        for (var target : targets) {
            if (known.stream().noneMatch(part -> part.endsWith("." + target))) {
                throw lora.get().unsupported("targets", "parts of " + known);
            }
        }
        return Optional.of(
                new Lora(
                        lora.get().integer("rank", 1, Lora.RANK_MAX),
                        lora.get().number("alpha", 1e-9, Lora.ALPHA_MAX),
                        targets));
    }

    private Dropout dropout(Task task) throws ModelFormatException {
        var keys = dialect.keys();
        double residual = rate(keys.residualDropout(), dialect.dropout());
        // Null means the rate of the rest; DistilBERT's has its own preset.
        double head = family == Family.DISTILBERT ? 0.2 : residual;
        return new Dropout(
                rate(keys.embeddingDropout(), dialect.dropout()),
                rate(keys.attentionDropout(), dialect.dropout()),
                residual,
                task.ofRows() ? rate(keys.headDropout(), head) : 0);
    }

    private double rate(String key, double otherwise) throws ModelFormatException {
        return key.isEmpty() ? 0 : json.number(key, 0, 1, otherwise);
    }

    private SpecialTokens specialTokens(int vocabulary) throws ModelFormatException {
        int last = vocabulary - 1;
        var preset = dialect.tokens();
        return new SpecialTokens(
                optional("bos_token_id", last, preset.begin()),
                json.mentions("eos_token_id")
                        ? json.integers("eos_token_id", 0, last)
                        : preset.end().stream().filter(id -> id <= last).toList(),
                optional("pad_token_id", last, preset.pad()));
    }

    private OptionalInt optional(String key, int max, OptionalInt otherwise)
            throws ModelFormatException {
        if (json.has(key)) {
            return OptionalInt.of(json.integer(key, 0, max));
        }
        boolean preset =
                !json.mentions(key) && otherwise.isPresent() && otherwise.getAsInt() <= max;
        return preset ? otherwise : OptionalInt.empty();
    }
}
