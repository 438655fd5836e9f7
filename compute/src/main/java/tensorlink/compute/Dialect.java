package tensorlink.compute;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import tensorlink.compute.FeedForward.Activation;
import tensorlink.compute.ModelConfig.SpecialTokens;

/**
 * How a family's {@code config.json} says what the families have in common: the names of its keys,
 * and what a missing key means.
 *
 * @param keyHeads heads of keys and values; 0 for as many as of queries
 * @param headDim 0 for the hidden size over the heads
 * @param tokens those beyond the vocabulary are none
 * @param ropeTypes the rotary scalings that transformers computes for the family
 */
record Dialect(
        Keys keys,
        int context,
        int keyHeads,
        int headDim,
        double epsilon,
        Activation activation,
        boolean tied,
        double dropout,
        SpecialTokens tokens,
        Set<String> ropeTypes) {
    private static final Set<String> SCALINGS = Set.of("default", "linear", "llama3");

    /**
     * Names of keys.
     *
     * @param epsilon empty where it is always the same
     * @param embeddingDropout empty where the family has none
     * @param residualDropout empty where the family has none
     * @param headDropout empty where the family has none
     * @param foreign names other families have for these, which transformers takes for this one as
     *     well: refused rather than guessed at
     */
    record Keys(
            String hidden,
            String layers,
            String heads,
            String inner,
            String context,
            String activation,
            String epsilon,
            String attentionDropout,
            String embeddingDropout,
            String residualDropout,
            String headDropout,
            List<String> foreign) {
        private static final Keys LLAMA =
                new Keys(
                        "hidden_size",
                        "num_hidden_layers",
                        "num_attention_heads",
                        "intermediate_size",
                        "max_position_embeddings",
                        "hidden_act",
                        "rms_norm_eps",
                        "attention_dropout",
                        "",
                        "",
                        "",
                        List.of());

        private static final Keys BERT =
                new Keys(
                        "hidden_size",
                        "num_hidden_layers",
                        "num_attention_heads",
                        "intermediate_size",
                        "max_position_embeddings",
                        "hidden_act",
                        "layer_norm_eps",
                        "attention_probs_dropout_prob",
                        "hidden_dropout_prob",
                        "hidden_dropout_prob",
                        "classifier_dropout",
                        List.of());

        private static final Keys DISTILBERT =
                new Keys(
                        "dim",
                        "n_layers",
                        "n_heads",
                        "hidden_dim",
                        "max_position_embeddings",
                        "activation",
                        "",
                        "attention_dropout",
                        "dropout",
                        "dropout",
                        "seq_classif_dropout",
                        List.of("hidden_size", "num_hidden_layers", "num_attention_heads"));

        private static final Keys GPT2 =
                new Keys(
                        "n_embd",
                        "n_layer",
                        "n_head",
                        "n_inner",
                        "n_positions",
                        "activation_function",
                        "layer_norm_epsilon",
                        "attn_pdrop",
                        "embd_pdrop",
                        "resid_pdrop",
                        "",
                        List.of(
                                "hidden_size",
                                "num_hidden_layers",
                                "num_attention_heads",
                                "max_position_embeddings"));

        private Keys with(String activation, String epsilon, String embedding, String residual) {
            return new Keys(
                    hidden,
                    layers,
                    heads,
                    inner,
                    context,
                    activation,
                    epsilon,
                    attentionDropout,
                    embedding,
                    residual,
                    headDropout,
                    foreign);
        }
    }

    static Dialect of(Family family) {
        return switch (family) {
            case LLAMA -> likeLlama(2048, 0, 0, tokens(1, 2, -1));
            case MISTRAL -> likeLlama(131_072, 8, 0, tokens(1, 2, -1));
            case QWEN2 -> likeLlama(32_768, 32, 0, SpecialTokens.none());
            case QWEN3 -> likeLlama(32_768, 32, 128, SpecialTokens.none());
            case GEMMA2 ->
                    new Dialect(
                            Keys.LLAMA.with("hidden_activation", "rms_norm_eps", "", ""),
                            8192,
                            4,
                            256,
                            1e-6,
                            Activation.GELU_TANH,
                            true,
                            0,
                            tokens(2, 1, 0),
                            SCALINGS);
            case PHI3 ->
                    new Dialect(
                            Keys.LLAMA.with(
                                    "hidden_act", "rms_norm_eps", "embd_pdrop", "resid_pdrop"),
                            4096,
                            0,
                            0,
                            1e-5,
                            Activation.SILU,
                            false,
                            0,
                            tokens(1, 32_000, 32_000),
                            Set.of("default"));
            case GPT2 ->
                    new Dialect(
                            Keys.GPT2,
                            1024,
                            0,
                            0,
                            1e-5,
                            Activation.GELU_TANH,
                            true,
                            0.1,
                            tokens(50_256, 50_256, -1),
                            Set.of());
            case GPT_NEOX ->
                    new Dialect(
                            Keys.LLAMA.with(
                                    "hidden_act",
                                    "layer_norm_eps",
                                    "hidden_dropout",
                                    "hidden_dropout"),
                            2048,
                            0,
                            0,
                            1e-5,
                            Activation.GELU,
                            false,
                            0,
                            tokens(0, 2, -1),
                            SCALINGS);
            case BERT -> encoder(Keys.BERT, padding(0));
            case ROBERTA -> encoder(Keys.BERT, tokens(0, 2, 1));
            case DISTILBERT -> encoder(Keys.DISTILBERT, padding(0));
        };
    }

    private static Dialect likeLlama(int context, int keyHeads, int headDim, SpecialTokens tokens) {
        return new Dialect(
                Keys.LLAMA,
                context,
                keyHeads,
                headDim,
                1e-6,
                Activation.SILU,
                false,
                0,
                tokens,
                SCALINGS);
    }

    private static Dialect encoder(Keys keys, SpecialTokens tokens) {
        return new Dialect(keys, 512, 0, 0, 1e-12, Activation.GELU, true, 0.1, tokens, Set.of());
    }

    private static SpecialTokens padding(int pad) {
        return new SpecialTokens(OptionalInt.empty(), List.of(), OptionalInt.of(pad));
    }

    private static SpecialTokens tokens(int begin, int end, int pad) {
        return new SpecialTokens(
                OptionalInt.of(begin),
                List.of(end),
                pad < 0 ? OptionalInt.empty() : OptionalInt.of(pad));
    }
}
