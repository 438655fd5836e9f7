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
import tensorlink.compute.ModelConfig.Family;
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
                                32,
                                4,
                                4,
                                2,
                                8,
                                96,
                                512,
                                256,
                                1e-6,
                                Rope.of(10_000),
                                false,
                                false,
                                false,
                                false,
                                List.of(0, 0, 0, 0),
                                new SpecialTokens(OptionalInt.of(1), List.of(2), OptionalInt.of(0)),
                                0.02));
    }

    @Test
    void qwen2_has_biases_on_queries_keys_and_values_and_a_tied_head() throws IOException {
        var config = golden("qwen2");

        assertThat(config.qkvBias()).isTrue();
        assertThat(config.outputBias()).isFalse();
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.windows()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void missing_keys_have_the_defaults_of_transformers() throws IOException {
        var llama = parse("llama", "");
        var mistral = parse("mistral", "");
        var qwen2 = parse("qwen2", "");

        assertThat(llama.contextLength()).isEqualTo(2048);
        assertThat(llama.rope()).isEqualTo(Rope.of(10_000));
        assertThat(mistral.contextLength()).isEqualTo(131_072);
        assertThat(mistral.windows()).containsOnly(4096);
        assertThat(qwen2.contextLength()).isEqualTo(32_768);
        assertThat(qwen2.windows()).containsOnly(0);
    }

    @Test
    void heads_of_keys_default_to_all_heads_or_what_the_family_has() throws IOException {
        var json =
                """
                {"model_type": "%s", "hidden_size": 64, "num_hidden_layers": 1,
                "num_attention_heads": 16, "intermediate_size": 96, "vocab_size": 512 %s}\
                """;

        assertThat(parseAll(json.formatted("llama", "")).kvHeads()).isEqualTo(16);
        assertThat(parseAll(json.formatted("mistral", "")).kvHeads()).isEqualTo(8);
        assertThat(parseAll(json.formatted("mistral", ", \"num_key_value_heads\": null")).kvHeads())
                .isEqualTo(16);
        assertThatThrownBy(() -> parseAll(json.formatted("qwen2", "")))
                .hasMessageContaining("num_key_value_heads: expected a divisor of 16 heads");
    }

    @Test
    void a_window_of_null_means_none() throws IOException {
        assertThat(parse("mistral", ", \"sliding_window\": null").windows()).containsOnly(0);
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

        assertThat(from.windows()).containsExactly(0, 0, 8);
        assertThat(listed.windows()).containsExactly(8, 0, 0);
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

        assertThat(flat.rope()).isEqualTo(Rope.of(500_000)).isEqualTo(nested.rope());
        assertThat(linear.rope()).isEqualTo(new Rope(10_000, new Rope.Linear(4)));
        assertThat(llama3.rope()).isEqualTo(new Rope(10_000, new Rope.Llama3(8, 1, 4, 128)));
    }

    @Test
    void what_it_writes_it_reads_back_equal() throws IOException {
        var configs =
                List.of(
                        golden("llama"),
                        golden("qwen2"),
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

        assertThat(config.heads()).isEqualTo(8);
        assertThat(config.kvHeads()).isEqualTo(4);
        assertThat(config.intermediate()).isEqualTo(688);
        assertThat(config.parameterCount()).isEqualTo(3_035_392);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void names_the_tensors_of_the_checkpoint_with_their_shapes(String name) throws IOException {
        var config = golden(name);

        var found = new HashMap<String, Shape>();
        for (var tensor : config.tensors(config.allLayers())) {
            found.put(tensor.name(), tensor.shape());
        }

        assertThat(found).isEqualTo(Goldens.gradientShapes(name));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void stages_hold_every_tensor_once_and_a_tied_embedding_at_both_ends(int stages)
            throws IOException {
        for (var name : List.of("llama", "qwen2")) {
            var config = golden(name);
            var whole = names(config, config.allLayers());

            var split = new ArrayList<String>();
            for (var range : LayerRange.even(config.layers(), stages)) {
                split.addAll(names(config, range));
            }

            boolean twice = config.tiedEmbeddings() && stages > 1;
            var expected = new ArrayList<>(whole);
            if (twice) {
                expected.add("model.embed_tokens.weight");
            }
            assertThat(split).isEqualTo(expected);
            assertThat(Collections.frequency(split, "model.embed_tokens.weight"))
                    .isEqualTo(twice ? 2 : 1);
        }
    }

    @Test
    void refuses_by_name_what_would_change_results() {
        refuses(
                ", \"auto_map\": {}",
                "auto_map: expected no code of the model's own, found an object");
        refuses(", \"hidden_act\": \"gelu\"", "hidden_act: expected silu, found \"gelu\"");
        refuses(", \"attention_dropout\": 0.1", "attention_dropout: expected 0, found 0.1");
        refuses(
                ", \"rope_scaling\": {\"rope_type\": \"yarn\"}",
                "rope_scaling.rope_type: expected default, linear or llama3, found \"yarn\"");
        refuses(
                ", \"quantization_config\": {\"bits\": 4}",
                "quantization_config: expected weights that are not quantized, found an object");
    }

    @Test
    void ignores_keys_that_transformers_ignores() throws IOException {
        assertThat(parse("llama", ", \"use_cache\": false, \"unheard_of\": [1, {}]"))
                .isEqualTo(parse("llama", ""));
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
