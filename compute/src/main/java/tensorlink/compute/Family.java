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
@SuppressWarnings("ImmutableEnumChecker") // a record of enums, and an unmodifiable map
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
            """);

    /** Where a layer's norms stand. */
    public enum Placement {
        /** {@code x + f(norm(x))}, for attention, then for the feed-forward. */
        BEFORE,
        /** {@code x + endNorm(f(norm(x)))}, likewise. */
        AROUND,
        /** {@code x + attention(norm(x)) + feedForward(otherNorm(x))}. */
        PARALLEL
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
    }

    private static final class Names {
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
    private final String architecture;
    private final Traits traits;
    private final Map<Part, String> names;

    Family(String modelType, String architecture, Traits traits, String names) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.traits = traits;
        this.names = Collections.unmodifiableMap(parse(names));
    }

    private static Map<Part, String> parse(String table) {
        var names = new EnumMap<Part, String>(Part.class);
        for (var line : table.lines().toList()) {
            var words = List.of(line.split(" +"));
            names.put(Part.valueOf(words.getFirst()), words.getLast());
        }
        return names;
    }

    /** What {@code config.json} calls it. */
    public String modelType() {
        return modelType;
    }

    public String architecture() {
        return architecture;
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
            case GPT2, GPT_NEOX -> false;
        };
    }

    /** Whether the feed-forward is multiplied by a gate. */
    boolean gated() {
        return names.containsKey(Part.GATE) || names.containsKey(Part.GATE_UP);
    }

    /** The head's weights, where they are not the embedding's. */
    String headName() {
        return names.getOrDefault(Part.HEAD, "") + ".weight";
    }

    /** The parts of its models, in the order of {@link Part}, with their names. */
    Map<Part, String> names() {
        return names;
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
                    case GPT2 -> in && out && inner && noWindow;
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
                                && ends.equals(Ends.plain(ends.tied()))),
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
        };
    }

    /** Whether a tensor of this name holds nothing that was learned, so that it can be ignored. */
    boolean ignores(String name) {
        return switch (this) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2, PHI3 ->
                    name.endsWith(".rotary_emb.inv_freq");
            case GPT2 -> name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias");
            case GPT_NEOX ->
                    name.endsWith(".rotary_emb.inv_freq")
                            || name.endsWith(".attention.bias")
                            || name.endsWith(".attention.masked_bias");
        };
    }
}
