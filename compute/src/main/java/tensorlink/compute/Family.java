package tensorlink.compute;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The architectures this program computes: what one is, as data. Every family is the same few
 * blocks with other parts, so this table and the keys that {@link HuggingFaceConfig} reads are all
 * there is to a family.
 *
 * <p>The names of a family's tensors say much of it: which projections are fused, whether the
 * feed-forward has a gate, which norms there are. {@code #} stands for the number of a layer.
 *
 * <p>Source: the modelling files of transformers 5.
 */
@SuppressWarnings("ImmutableEnumChecker") // a record of enums, and maps that nobody changes
public enum Family {
    LLAMA("llama", "LlamaForCausalLM", Traits.LLAMA, Names.LLAMA),
    MISTRAL("mistral", "MistralForCausalLM", Traits.LLAMA, Names.LLAMA),
    QWEN2("qwen2", "Qwen2ForCausalLM", Traits.LLAMA, Names.LLAMA),
    QWEN3(
            "qwen3",
            "Qwen3ForCausalLM",
            Traits.LLAMA,
            Names.LLAMA
                    + """
                    QUERY_NORM             model.layers.#.self_attn.q_norm
                    KEY_NORM               model.layers.#.self_attn.k_norm
                    """),
    GEMMA2(
            "gemma2",
            "Gemma2ForCausalLM",
            new Traits(
                    Norm.Kind.RMS_OFFSET,
                    Placement.AROUND,
                    Fusion.STACKED,
                    Positions.Kind.ROTARY,
                    Weight.ROWS_ARE_OUTPUTS,
                    Padding.UNTRAINED),
            """
            TOKENS                 model.embed_tokens
            QUERY                  model.layers.#.self_attn.q_proj
            KEY                    model.layers.#.self_attn.k_proj
            VALUE                  model.layers.#.self_attn.v_proj
            OUTPUT                 model.layers.#.self_attn.o_proj
            GATE                   model.layers.#.mlp.gate_proj
            UP                     model.layers.#.mlp.up_proj
            DOWN                   model.layers.#.mlp.down_proj
            ATTENTION_NORM         model.layers.#.input_layernorm
            ATTENTION_END_NORM     model.layers.#.post_attention_layernorm
            FEED_FORWARD_NORM      model.layers.#.pre_feedforward_layernorm
            FEED_FORWARD_END_NORM  model.layers.#.post_feedforward_layernorm
            FINAL_NORM             model.norm
            HEAD                   lm_head
            """),
    PHI3(
            "phi3",
            "Phi3ForCausalLM",
            Traits.LLAMA,
            """
            TOKENS                 model.embed_tokens
            QUERY_KEY_VALUE        model.layers.#.self_attn.qkv_proj
            OUTPUT                 model.layers.#.self_attn.o_proj
            GATE_UP                model.layers.#.mlp.gate_up_proj
            DOWN                   model.layers.#.mlp.down_proj
            ATTENTION_NORM         model.layers.#.input_layernorm
            FEED_FORWARD_NORM      model.layers.#.post_attention_layernorm
            FINAL_NORM             model.norm
            HEAD                   lm_head
            """),
    GPT2(
            "gpt2",
            "GPT2LMHeadModel",
            new Traits(
                    Norm.Kind.LAYER,
                    Placement.BEFORE,
                    Fusion.STACKED,
                    Positions.Kind.LEARNED,
                    Weight.COLUMNS_ARE_OUTPUTS,
                    Padding.ANY_TOKEN),
            """
            TOKENS                 transformer.wte
            POSITIONS              transformer.wpe
            QUERY_KEY_VALUE        transformer.h.#.attn.c_attn
            OUTPUT                 transformer.h.#.attn.c_proj
            UP                     transformer.h.#.mlp.c_fc
            DOWN                   transformer.h.#.mlp.c_proj
            ATTENTION_NORM         transformer.h.#.ln_1
            FEED_FORWARD_NORM      transformer.h.#.ln_2
            FINAL_NORM             transformer.ln_f
            HEAD                   lm_head
            """),
    GPT_NEOX(
            "gpt_neox",
            "GPTNeoXForCausalLM",
            new Traits(
                    Norm.Kind.LAYER,
                    Placement.PARALLEL,
                    Fusion.BY_HEAD,
                    Positions.Kind.ROTARY,
                    Weight.ROWS_ARE_OUTPUTS,
                    Padding.ANY_TOKEN),
            """
            TOKENS                 gpt_neox.embed_in
            QUERY_KEY_VALUE        gpt_neox.layers.#.attention.query_key_value
            OUTPUT                 gpt_neox.layers.#.attention.dense
            UP                     gpt_neox.layers.#.mlp.dense_h_to_4h
            DOWN                   gpt_neox.layers.#.mlp.dense_4h_to_h
            ATTENTION_NORM         gpt_neox.layers.#.input_layernorm
            FEED_FORWARD_NORM      gpt_neox.layers.#.post_attention_layernorm
            FINAL_NORM             gpt_neox.final_layer_norm
            HEAD                   embed_out
            """),
    BERT(
            "bert",
            Traits.BERT,
            "bert.",
            Names.BERT,
            new Head(
                    Task.Kind.MASKED_LM,
                    "BertForMaskedLM",
                    """
                    TRANSFORM              cls.predictions.transform.dense
                    TRANSFORM_NORM         cls.predictions.transform.LayerNorm
                    HEAD_BIAS              cls.predictions.bias
                    HEAD                   cls.predictions.decoder
                    """),
            new Head(
                    Task.Kind.CLASSIFICATION,
                    "BertForSequenceClassification",
                    """
                    POOLER                 bert.pooler.dense
                    CLASSIFIER             classifier
                    """),
            new Head(Task.Kind.FEATURES, "BertModel", "")),
    ROBERTA(
            "roberta",
            Traits.BERT,
            "roberta.",
            Names.BERT,
            new Head(
                    Task.Kind.MASKED_LM,
                    "RobertaForMaskedLM",
                    """
                    TRANSFORM              lm_head.dense
                    TRANSFORM_NORM         lm_head.layer_norm
                    HEAD_BIAS              lm_head.bias
                    HEAD                   lm_head.decoder
                    """),
            new Head(
                    Task.Kind.CLASSIFICATION,
                    "RobertaForSequenceClassification",
                    """
                    POOLER                 classifier.dense
                    CLASSIFIER             classifier.out_proj
                    """),
            new Head(Task.Kind.FEATURES, "RobertaModel", "")),
    DISTILBERT(
            "distilbert",
            Traits.BERT,
            "distilbert.",
            """
            TOKENS                 embeddings.word_embeddings
            POSITIONS              embeddings.position_embeddings
            EMBEDDING_NORM         embeddings.LayerNorm
            QUERY                  transformer.layer.#.attention.q_lin
            KEY                    transformer.layer.#.attention.k_lin
            VALUE                  transformer.layer.#.attention.v_lin
            OUTPUT                 transformer.layer.#.attention.out_lin
            ATTENTION_NORM         transformer.layer.#.sa_layer_norm
            UP                     transformer.layer.#.ffn.lin1
            DOWN                   transformer.layer.#.ffn.lin2
            FEED_FORWARD_NORM      transformer.layer.#.output_layer_norm
            """,
            new Head(
                    Task.Kind.MASKED_LM,
                    "DistilBertForMaskedLM",
                    """
                    TRANSFORM              vocab_transform
                    TRANSFORM_NORM         vocab_layer_norm
                    HEAD_BIAS              vocab_projector.bias
                    HEAD                   vocab_projector
                    """),
            new Head(
                    Task.Kind.CLASSIFICATION,
                    "DistilBertForSequenceClassification",
                    """
                    POOLER                 pre_classifier
                    CLASSIFIER             classifier
                    """),
            new Head(Task.Kind.FEATURES, "DistilBertModel", ""));

    /** Where a layer's norms stand. */
    public enum Placement {
        /** {@code x + f(norm(x))}, for attention, then for the feed-forward. */
        BEFORE,
        /** {@code x + endNorm(f(norm(x)))}, likewise. */
        AROUND,
        /** {@code x + attention(norm(x)) + feedForward(otherNorm(x))}. */
        PARALLEL,
        /** {@code norm(x + f(x))}, for attention, then for the feed-forward. */
        AFTER
    }

    /** How the outputs of a fused projection lie. */
    public enum Fusion {
        /** All heads' queries, all keys, all values; all gates, all ups. */
        STACKED,
        /** A head's query, key and value, then the next head's. */
        BY_HEAD
    }

    /** How a layer's weights lie in memory. */
    public enum Weight {
        ROWS_ARE_OUTPUTS,
        COLUMNS_ARE_OUTPUTS
    }

    /** What the padding token is to the embedding. */
    public enum Padding {
        /** Its row gets no gradient. */
        UNTRAINED,
        ANY_TOKEN
    }

    /** What all models of a family have in common besides names. */
    record Traits(
            Norm.Kind norm,
            Placement placement,
            Fusion fusion,
            Positions.Kind positions,
            Weight weight,
            Padding padding) {
        static final Traits LLAMA =
                new Traits(
                        Norm.Kind.RMS,
                        Placement.BEFORE,
                        Fusion.STACKED,
                        Positions.Kind.ROTARY,
                        Weight.ROWS_ARE_OUTPUTS,
                        Padding.UNTRAINED);

        static final Traits BERT =
                new Traits(
                        Norm.Kind.LAYER,
                        Placement.AFTER,
                        Fusion.STACKED,
                        Positions.Kind.LEARNED,
                        Weight.ROWS_ARE_OUTPUTS,
                        Padding.UNTRAINED);
    }

    /** A task, what transformers calls a model of the family for it, and the names of its parts. */
    private record Head(Task.Kind task, String architecture, String names) {}

    private static final class Names {
        static final String BERT =
                """
                TOKENS                 embeddings.word_embeddings
                POSITIONS              embeddings.position_embeddings
                TOKEN_TYPES            embeddings.token_type_embeddings
                EMBEDDING_NORM         embeddings.LayerNorm
                QUERY                  encoder.layer.#.attention.self.query
                KEY                    encoder.layer.#.attention.self.key
                VALUE                  encoder.layer.#.attention.self.value
                OUTPUT                 encoder.layer.#.attention.output.dense
                ATTENTION_NORM         encoder.layer.#.attention.output.LayerNorm
                UP                     encoder.layer.#.intermediate.dense
                DOWN                   encoder.layer.#.output.dense
                FEED_FORWARD_NORM      encoder.layer.#.output.LayerNorm
                """;

        static final String LLAMA =
                """
                TOKENS                 model.embed_tokens
                QUERY                  model.layers.#.self_attn.q_proj
                KEY                    model.layers.#.self_attn.k_proj
                VALUE                  model.layers.#.self_attn.v_proj
                OUTPUT                 model.layers.#.self_attn.o_proj
                GATE                   model.layers.#.mlp.gate_proj
                UP                     model.layers.#.mlp.up_proj
                DOWN                   model.layers.#.mlp.down_proj
                ATTENTION_NORM         model.layers.#.input_layernorm
                FEED_FORWARD_NORM      model.layers.#.post_attention_layernorm
                FINAL_NORM             model.norm
                HEAD                   lm_head
                """;
    }

    private final String modelType;
    private final Traits traits;
    private final String prefix;
    private final Map<Task.Kind, String> architectures = new EnumMap<>(Task.Kind.class);
    private final Map<Task.Kind, Map<Part, String>> names = new EnumMap<>(Task.Kind.class);

    /** A family of causal language models. */
    Family(String modelType, String architecture, Traits traits, String names) {
        this(modelType, traits, "", "", new Head(Task.Kind.CAUSAL_LM, architecture, names));
    }

    /**
     * A family of encoders.
     *
     * @param prefix what precedes the names of what a model for {@link Task.Features} has, in
     *     models for other tasks
     */
    Family(String modelType, Traits traits, String prefix, String names, Head... heads) {
        this.modelType = modelType;
        this.traits = traits;
        this.prefix = prefix;
        for (var head : heads) {
            boolean bare = head.task() == Task.Kind.FEATURES;
            var all = parse(names, bare ? "" : prefix);
            all.putAll(parse(head.names(), ""));
            this.names.put(head.task(), Collections.unmodifiableMap(all));
            this.architectures.put(head.task(), head.architecture());
            if (head.task() == Task.Kind.CLASSIFICATION) { // the same but for the loss
                this.names.put(Task.Kind.REGRESSION, Collections.unmodifiableMap(all));
                this.architectures.put(Task.Kind.REGRESSION, head.architecture());
            }
        }
    }

    private static Map<Part, String> parse(String table, String prefix) {
        var names = new EnumMap<Part, String>(Part.class);
        for (var line : table.lines().toList()) {
            var words = List.of(line.split(" +"));
            names.put(Part.valueOf(words.getFirst()), prefix + words.getLast());
        }
        return names;
    }

    /** What {@code config.json} calls it. */
    public String modelType() {
        return modelType;
    }

    /** What transformers calls its models, by what they are for. */
    Map<Task.Kind, String> architectures() {
        return Collections.unmodifiableMap(architectures);
    }

    public Norm.Kind norm() {
        return traits.norm();
    }

    public Fusion fusion() {
        return traits.fusion();
    }

    public Weight weight() {
        return traits.weight();
    }

    Traits traits() {
        return traits;
    }

    /**
     * Whether keys have heads of their own number and width, rather than as the hidden size says.
     */
    boolean choosesHeads() {
        return switch (this) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2, PHI3 -> true;
            case GPT2, GPT_NEOX, BERT, ROBERTA, DISTILBERT -> false;
        };
    }

    /** The parts of its models for a task, in the order of {@link Part}, with their names. */
    Map<Part, String> names(Task.Kind task) {
        return names.getOrDefault(task, Map.of());
    }

    /** Refuses what no configuration of this family says. */
    void require(int hidden, Block block, Ends ends) {
        var attention = block.attention();
        boolean in = attention.inputBias();
        boolean out = attention.outputBias();
        boolean inner = block.feedForward().bias();
        var windows = attention.windows();
        boolean oneWindow = windows.stream().distinct().count() == 1;
        boolean noWindow = oneWindow && windows.getFirst() == 0;
        boolean oneSize = windows.stream().distinct().filter(w -> w > 0).count() <= 1;
        boolean fits =
                switch (this) {
                    case LLAMA -> in == out && noWindow;
                    case MISTRAL, PHI3 -> !in && !out && !inner && oneWindow;
                    case QWEN2 -> in && !out && !inner && oneSize;
                    case QWEN3, GEMMA2 -> in == out && !inner && oneSize;
                    case GPT2, BERT, ROBERTA, DISTILBERT -> in && out && inner && noWindow;
                    case GPT_NEOX -> in == out && inner && noWindow;
                };
        ModelConfig.require(fits, "biases or windows that no " + modelType + " has");
        ModelConfig.require(
                choosesHeads()
                        || (attention.keyHeads() == attention.heads()
                                && attention.queryWidth() == hidden),
                "heads that no " + modelType + " has");
        ModelConfig.require(
                this == GEMMA2
                        || (attention.scoreWidth() == attention.headDim()
                                && attention.cap() == 0
                                && ends.embeddingScale() == 1
                                && ends.logitCap() == 0),
                "scales or caps that no " + modelType + " has");
        ModelConfig.require(
                block.norm().placement() == traits.placement()
                        || (this == GPT_NEOX && block.norm().placement() == Placement.BEFORE),
                "norms " + block.norm().placement() + " in a " + modelType);
        ModelConfig.require(
                block.positions().kind() == traits.positions(),
                block.positions() + " in a " + modelType);
    }

    /**
     * The name under which older files have a tensor, or the names of other programs: prefixes that
     * a model without its head is saved without, and the head of GPT-NeoX since transformers 5.
     */
    List<String> alsoKnownAs(String name) {
        return switch (this) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2, PHI3 -> List.of();
            case GPT2 -> List.of(name.replaceFirst("^transformer\\.", ""));
            case GPT_NEOX -> List.of(name.replaceFirst("^embed_out\\.", "lm_head."));
            case BERT, ROBERTA, DISTILBERT -> {
                var bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
                yield List.of(bare, prefix + bare, gammas(name), gammas(bare));
            }
        };
    }

    /** What the first checkpoints of BERT call the weights of norms. */
    private static String gammas(String name) {
        return name.replaceFirst("LayerNorm\\.weight$", "LayerNorm.gamma")
                .replaceFirst("LayerNorm\\.bias$", "LayerNorm.beta");
    }

    /**
     * Whether a tensor of this name is nothing that its models compute with, so that it is ignored:
     * tables, copies, and heads for what encoders are pretrained on besides.
     */
    boolean ignores(String name) {
        return switch (this) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2, PHI3 ->
                    name.endsWith(".rotary_emb.inv_freq");
            case GPT2 -> name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias");
            case GPT_NEOX ->
                    name.endsWith(".rotary_emb.inv_freq")
                            || name.endsWith(".attention.bias")
                            || name.endsWith(".attention.masked_bias");
            case BERT, ROBERTA, DISTILBERT ->
                    name.endsWith("embeddings.position_ids")
                            || name.endsWith("pooler.dense.weight")
                            || name.endsWith("pooler.dense.bias")
                            || name.endsWith("decoder.bias")
                            || name.startsWith("cls.seq_relationship.");
        };
    }
}
