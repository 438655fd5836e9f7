package tensorlink.compute;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Family.Placement;
import tensorlink.compute.FeedForward.Activation;
import tensorlink.compute.ModelConfig.SpecialTokens;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.Shape;

class ModelConfigTest {
    @Test
    void reads_what_transformers_5_writes_for_llama() throws IOException {
        var config = golden("llama");

        assertThat(config)
                .isEqualTo(
                        new ModelConfig(
                                Family.LLAMA,
                                new Task.CausalLm(),
                                32,
                                4,
                                512,
                                256,
                                new Block(
                                        new Attention(
                                                4, 2, 8, false, false, 8, 0, List.of(0, 0, 0, 0)),
                                        new FeedForward(96, Activation.SILU, false),
                                        new Norm(1e-6, Placement.BEFORE),
                                        new Positions.Rotary(Rope.of(10_000), 8)),
                                Ends.plain(false),
                                Dropout.NONE,
                                new SpecialTokens(OptionalInt.of(1), List.of(2), OptionalInt.of(0)),
                                0.02));
    }

    @Test
    void qwen2_has_biases_on_queries_keys_and_values_and_a_tied_head() throws IOException {
        var config = golden("qwen2");

        assertThat(config.attention().inputBias()).isTrue();
        assertThat(config.attention().outputBias()).isFalse();
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.attention().windows()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void missing_keys_have_the_defaults_of_transformers() throws IOException {
        var llama = parse("llama", "");
        var mistral = parse("mistral", "");
        var qwen2 = parse("qwen2", "");

        assertThat(llama.contextLength()).isEqualTo(2048);
        assertThat(rope(llama)).isEqualTo(Rope.of(10_000));
        assertThat(mistral.contextLength()).isEqualTo(131_072);
        assertThat(mistral.attention().windows()).containsOnly(4096);
        assertThat(qwen2.contextLength()).isEqualTo(32_768);
        assertThat(qwen2.attention().windows()).containsOnly(0);
    }

    @Test
    void heads_of_keys_default_to_all_heads_or_what_the_family_has() throws IOException {
        var json =
                """
                {"model_type": "%s", "hidden_size": 64, "num_hidden_layers": 1,
                "num_attention_heads": 16, "intermediate_size": 96, "vocab_size": 512 %s}\
                """;

        assertThat(parseAll(json.formatted("llama", "")).attention().keyHeads()).isEqualTo(16);
        assertThat(parseAll(json.formatted("mistral", "")).attention().keyHeads()).isEqualTo(8);
        assertThat(
                        parseAll(json.formatted("mistral", ", \"num_key_value_heads\": null"))
                                .attention()
                                .keyHeads())
                .isEqualTo(16);
        assertThatThrownBy(() -> parseAll(json.formatted("qwen2", "")))
                .hasMessageContaining("num_key_value_heads: expected a divisor of 16 heads");
    }

    @Test
    void a_window_of_null_means_none() throws IOException {
        assertThat(parse("mistral", ", \"sliding_window\": null").attention().windows())
                .containsOnly(0);
    }

    @Test
    void qwen2_windows_start_at_a_layer_or_are_listed() throws IOException {
        var from =
                parse(
                        "qwen2",
                        """
                        , "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 2\
                        """);
        var listed =
                parse(
                        "qwen2",
                        """
                        , "use_sliding_window": true, "sliding_window": 8, "layer_types":
                        ["sliding_attention", "full_attention", "full_attention"]\
                        """);

        assertThat(from.attention().windows()).containsExactly(0, 0, 8);
        assertThat(listed.attention().windows()).containsExactly(8, 0, 0);
    }

    @Test
    void reads_rotary_settings_old_and_new() throws IOException {
        var flat = parse("llama", ", \"rope_theta\": 500000, \"rope_scaling\": null");
        var nested = parse("llama", ", \"rope_parameters\": {\"rope_theta\": 500000.0}");
        var linear = parse("llama", ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}");
        var llama3 =
                parse(
                        "llama",
                        """
                        , "rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8,
                        "low_freq_factor": 1, "high_freq_factor": 4,
                        "original_max_position_embeddings": 128}\
                        """);

        assertThat(rope(flat)).isEqualTo(Rope.of(500_000)).isEqualTo(rope(nested));
        assertThat(rope(linear)).isEqualTo(new Rope(10_000, new Rope.Linear(4)));
        assertThat(rope(llama3)).isEqualTo(new Rope(10_000, new Rope.Llama3(8, 1, 4, 128)));
    }

    @Test
    void what_it_writes_it_reads_back_equal() throws IOException {
        var configs =
                List.of(
                        golden("llama"),
                        golden("qwen2"),
                        golden("llama-rope-llama3"),
                        golden("qwen3"),
                        golden("gemma2"),
                        golden("gemma2-uncapped"),
                        golden("phi3"),
                        golden("phi3-window"),
                        golden("gpt2"),
                        golden("gpt-neox"),
                        golden("gpt-neox-sequential"),
                        golden("bert-mlm"),
                        golden("bert-classify"),
                        golden("bert-features"),
                        golden("roberta-mlm"),
                        golden("roberta-classify"),
                        golden("distilbert-mlm"),
                        golden("distilbert-classify"),
                        golden("distilbert-features"),
                        encoder("bert", "BertForSequenceClassification", ", \"num_labels\": 5"),
                        encoder("roberta", "RobertaModel", ""),
                        parse("gpt_neox", ", \"hidden_dropout\": 0.25, \"attention_dropout\": 0.5"),
                        parse("phi3", ", \"embd_pdrop\": 0.25, \"resid_pdrop\": 0.5"),
                        parse("gemma2", ", \"head_dim\": 6, \"layer_types\": null"),
                        ModelConfig.llama(64, 2, 260, 128),
                        parse("mistral", ", \"sliding_window\": 8"),
                        parse("mistral", ", \"sliding_window\": null, \"head_dim\": 64"),
                        parse("llama", ", \"attention_bias\": true, \"mlp_bias\": true"),
                        parse("llama", ", \"eos_token_id\": [2, 3], \"bos_token_id\": null"),
                        parse("llama", ", \"rope_scaling\": {\"type\":\"linear\",\"factor\":4}"),
                        parse(
                                "qwen2",
                                """
                                , "use_sliding_window": true, "sliding_window": 8, "layer_types":
                                ["sliding_attention", "full_attention", "full_attention"]\
                                """));

        for (var config : configs) {
            assertThat(ModelConfig.parse("config.json", config.json())).isEqualTo(config);
        }
    }

    @Test
    void a_fresh_llama_has_heads_of_32_and_about_3_million_parameters_at_demo_size() {
        var config = ModelConfig.llama(256, 4, 260, 256);

        assertThat(config.attention().heads()).isEqualTo(8);
        assertThat(config.attention().keyHeads()).isEqualTo(4);
        assertThat(config.feedForward().inner()).isEqualTo(688);
        assertThat(config.parameterCount()).isEqualTo(3_035_392);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama",
                "mistral-window",
                "qwen2",
                "qwen3",
                "gemma2",
                "phi3-window",
                "gpt2",
                "gpt-neox",
                "phi3",
                "bert-mlm",
                "bert-classify",
                "roberta-mlm",
                "roberta-classify",
                "distilbert-mlm",
                "distilbert-classify"
            })
    void names_the_tensors_of_the_checkpoint_with_their_shapes(String name) throws IOException {
        var config = golden(name);

        var found = new HashMap<String, Shape>();
        for (var tensor : config.tensors(config.allLayers())) {
            found.put(tensor.name(), tensor.shape());
        }

        assertThat(found).isEqualTo(Goldens.gradientShapes(name));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void stages_hold_every_tensor_once_and_a_tied_embedding_at_both_ends(int stages)
            throws IOException {
        for (var name : List.of("llama", "qwen2", "gemma2", "phi3", "gpt2")) {
            var config = golden(name);
            var whole = names(config, config.allLayers());

            var split = new ArrayList<String>();
            for (var range : LayerRange.even(config.layers(), stages)) {
                split.addAll(names(config, range));
            }

            boolean twice = config.tiedEmbeddings() && stages > 1;
            var expected = new ArrayList<>(whole);
            if (twice) {
                expected.add(config.embeddingName());
            }
            assertThat(split).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(Collections.frequency(split, config.embeddingName()))
                    .isEqualTo(twice ? 2 : 1);
        }
    }

    @Test
    void refuses_by_name_what_would_change_results() {
        refuses(
                ", \"auto_map\": {}",
                "auto_map: expected no code of the model's own, found an object");
        refuses(
                ", \"hidden_act\": \"mish\"",
                "hidden_act: expected one of silu, swish, gelu, gelu_python, gelu_pytorch_tanh,"
                        + " gelu_new, gelu_fast, relu, found \"mish\"");
        refuses(
                ", \"rope_scaling\": {\"rope_type\": \"yarn\"}",
                "rope_scaling.rope_type: expected default, linear or llama3, found \"yarn\"");
        refuses(
                ", \"quantization_config\": {\"bits\": 4}",
                "quantization_config: expected weights that are not quantized, found an object");
    }

    @Test
    void gemma2_alternates_windows_and_caps_unless_told_otherwise() throws IOException {
        var preset = parse("gemma2", "");
        var told =
                parse(
                        "gemma2",
                        """
                        , "sliding_window": 8, "attn_logit_softcapping": null,
                        "final_logit_softcapping": 20, "query_pre_attn_scalar": 144\
                        """);

        assertThat(preset.attention().windows()).containsExactly(4096, 0, 4096);
        assertThat(preset.attention().cap()).isEqualTo(50);
        assertThat(preset.attention().headDim()).isEqualTo(256);
        assertThat(preset.ends()).isEqualTo(new Ends(true, Math.sqrt(32), 0, 30));
        assertThat(told.attention().windows()).containsExactly(8, 0, 8);
        assertThat(told.attention().cap()).isZero();
        assertThat(told.attention().scoreWidth()).isEqualTo(144);
        assertThat(told.ends().logitCap()).isEqualTo(20);
    }

    @Test
    void gpt2_says_the_same_in_other_words() throws IOException {
        var gpt2 =
                parseAll(
                        """
                        {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 32,
                        "n_layer": 2, "n_head": 4, "vocab_size": 512}\
                        """);

        assertThat(gpt2.contextLength()).isEqualTo(1024);
        assertThat(gpt2.feedForward()).isEqualTo(new FeedForward(128, Activation.GELU_TANH, true));
        assertThat(gpt2.tiedEmbeddings()).isTrue();
        assertThat(gpt2.dropout()).isEqualTo(new Dropout(0.1, 0.1, 0.1, 0));
        assertThat(gpt2.withoutDropout().dropout().none()).isTrue();
        assertThat(gpt2.specialTokens()).isEqualTo(SpecialTokens.none());
    }

    @Test
    void gpt_neox_turns_a_quarter_of_each_head_unless_told_otherwise() throws IOException {
        var preset = parse("gpt_neox", "");
        var old = parse("gpt_neox", ", \"rotary_pct\": 0.5, \"rotary_emb_base\": 5000");
        var now =
                parse(
                        "gpt_neox",
                        """
                        , "rope_parameters": {"partial_rotary_factor": 0.5, "rope_theta": 5000.0}\
                        """);

        assertThat(preset.block().positions()).isEqualTo(new Positions.Rotary(Rope.of(10_000), 2));
        assertThat(old.block().positions()).isEqualTo(new Positions.Rotary(Rope.of(5000), 4));
        assertThat(now.block().positions()).isEqualTo(old.block().positions());
        assertThat(preset.block().norm().placement()).isEqualTo(Placement.PARALLEL);
    }

    @Test
    void a_family_has_no_biases_or_norms_but_its_own() {
        var llama = ModelConfig.llama(64, 2, 260, 128);

        assertThatThrownBy(() ->
                        new ModelConfig(
                                Family.GPT2,
                                new Task.CausalLm(),
                                64,
                                2,
                                260,
                                128,
                                llama.block(),
                                llama.ends(),
                                Dropout.NONE,
                                SpecialTokens.none(),
                                0.02))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("biases or windows that no gpt2 has");
    }

    @Test
    void encoders_have_classes_segments_and_positions_as_their_keys_say() throws IOException {
        var named =
                encoder(
                        "bert",
                        "BertForSequenceClassification",
                        ", \"id2label\": {\"0\": \"ham\", \"1\": \"spam\"}");
        var counted = encoder("roberta", "RobertaForSequenceClassification", "");

        assertThat(named.task()).isEqualTo(new Task.Classification(List.of("ham", "spam")));
        assertThat(named.resultWidth()).isEqualTo(2);
        assertThat(named.idLimit()).isEqualTo(1024);
        assertThat(named.edgeWidth()).isEqualTo(33);
        assertThat(named.dropout()).isEqualTo(new Dropout(0.1, 0.1, 0.1, 0.1));
        assertThat(named.block().norm()).isEqualTo(new Norm(1e-12, Placement.AFTER));
        assertThat(counted.task())
                .isEqualTo(new Task.Classification(List.of("LABEL_0", "LABEL_1")));
        assertThat(counted.block().positions()).isEqualTo(new Positions.Learned(2));
        assertThat(counted.contextLength()).isEqualTo(510);
        assertThat(encoder("bert", "BertModel", "").tiedEmbeddings()).isFalse();
        assertThat(encoder("bert", "BertForMaskedLM", "").tiedEmbeddings()).isTrue();
    }

    @Test
    void what_has_one_label_is_a_number_unless_it_says_that_it_is_a_class() throws IOException {
        var architecture = "BertForSequenceClassification";
        var one = encoder("bert", architecture, ", \"num_labels\": 1");
        var two =
                encoder(
                        "bert",
                        architecture,
                        ", \"problem_type\": \"regression\", \"num_labels\": 2");

        assertThat(one.task()).isEqualTo(new Task.Regression(List.of("LABEL_0")));
        assertThat(two.task()).isEqualTo(new Task.Regression(List.of("LABEL_0", "LABEL_1")));
        assertThat(two.labelShape(3, 9)).isEqualTo(Shape.of(3, 2));
        assertThat(ModelConfig.parse("written", two.json())).isEqualTo(two);
        var single = ", \"num_labels\": 1, \"problem_type\": \"single_label_classification\"";
        assertThat(encoder("bert", architecture, single).task())
                .isEqualTo(new Task.Classification(List.of("LABEL_0")));
    }

    private static ModelConfig encoder(String family, String architecture, String more)
            throws IOException {
        return parse(family, ", \"architectures\": [\"" + architecture + "\"]" + more);
    }

    @Test
    void ignores_keys_that_transformers_ignores() throws IOException {
        assertThat(parse("llama", ", \"use_cache\": false, \"unheard_of\": [1, {}]"))
                .isEqualTo(parse("llama", ""));
    }

    private static Rope rope(ModelConfig config) {
        return ((Positions.Rotary) config.block().positions()).rope();
    }

    private static void refuses(String more, String message) {
        assertThatThrownBy(() -> parse("llama", more))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage("config.json: " + message);
    }

    private static ModelConfig parse(String family, String more) throws IOException {
        var json =
                """
                {"model_type": "%s", "hidden_size": 32, "num_hidden_layers": 3,
                "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
                "vocab_size": 512 %s}\
                """
                        .formatted(family, more);
        return parseAll(json);
    }

    private static ModelConfig parseAll(String json) throws IOException {
        return ModelConfig.parse("config.json", json.getBytes(UTF_8));
    }

    private static ModelConfig golden(String name) throws IOException {
        return ModelConfig.parse("config.json", Goldens.bytes(name + "/config.json"));
    }

    private static List<String> names(ModelConfig config, LayerRange range) {
        return config.tensors(range).stream().map(tensor -> tensor.name()).toList();
    }
}
