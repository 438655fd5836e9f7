package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.compute.tokenizer.Tokenizer;

class ModelTest {
    private static final ModelConfig SMALL = ModelConfig.llama(64, 2, 260, 128);

    @TempDir Path folder;

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
                "bert-mlm",
                "bert-classify",
                "bert-features",
                "bert-regress",
                "roberta-mlm",
                "roberta-classify",
                "distilbert-mlm",
                "distilbert-classify",
                "distilbert-features"
            })
    void what_it_loads_it_saves_and_loads_again_equal(String name) throws Exception {
        var model = Model.load(Goldens.folder(name));

        model.save(folder.resolve("copy"));

        var copy = Model.load(folder.resolve("copy"));
        assertThat(copy.name()).isEqualTo("copy");
        assertThat(copy.config()).isEqualTo(model.config());
        assertThat(copy.tokenizer()).isEmpty();
        assertThat(digests(copy)).isEqualTo(digests(model));
    }

    @Test
    void takes_the_names_of_older_files_and_saves_those_of_today() throws Exception {
        var today = Model.load(Goldens.folder("gpt2"));
        rewrite(today, name -> name.replace("transformer.", ""));

        var model = Model.load(folder);

        assertThat(digests(model)).isEqualTo(digests(today));
        model.save(folder.resolve("copy"));
        assertThat(Safetensors.openFolder(folder.resolve("copy")).tensors())
                .extracting(TensorSpec::name)
                .contains("transformer.h.0.attn.c_attn.weight")
                .doesNotContain("h.0.attn.c_attn.weight");
    }

    @Test
    void takes_the_first_names_of_bert_and_a_body_saved_without_its_head() throws Exception {
        var today = Model.load(Goldens.folder("bert-mlm"));
        rewrite(
                today,
                name ->
                        name.replace("LayerNorm.weight", "LayerNorm.gamma")
                                .replace("LayerNorm.bias", "LayerNorm.beta"));

        assertThat(digests(Model.load(folder))).isEqualTo(digests(today));

        var body = Model.load(Goldens.folder("bert-features"));
        rewrite(body, name -> "bert." + name);
        assertThat(digests(Model.load(folder))).isEqualTo(digests(body));
    }

    @Test
    void takes_the_head_of_gpt_neox_by_either_name() throws Exception {
        var today = Model.load(Goldens.folder("gpt-neox"));
        rewrite(today, name -> name.replace("embed_out.", "lm_head."));

        assertThat(digests(Model.load(folder))).isEqualTo(digests(today));
    }

    @Test
    void an_encoder_gets_another_head_and_keeps_what_is_known_of_it() throws Exception {
        var classes = new Task.Classification(List.of("ham", "spam", "eggs"));
        var body = Model.load(Goldens.folder("bert-features"));
        var pretrained = Model.load(Goldens.folder("bert-mlm"));
        var headed = Model.load(Goldens.folder("bert-classify"));

        var fromBody = body.withTask(classes, 1);

        assertThat(read(fromBody.weights(), "bert.encoder.layer.1.output.dense.weight"))
                .satisfies(has(read(body.weights(), "encoder.layer.1.output.dense.weight")));
        fromBody.save(folder);
        assertThat(Model.load(folder).config().task()).isEqualTo(classes);
        assertThat(digests(Model.load(folder))).isEqualTo(digests(fromBody));
        assertThat(digests(fromBody)).isNotEqualTo(digests(body.withTask(classes, 2)));
        assertThat(pretrained.withTask(classes, 1).config().tiedEmbeddings()).isFalse();
        assertThat(digests(headed.withTask(headed.config().task(), 7))).isEqualTo(digests(headed));
        assertThatThrownBy(() -> Model.load(Goldens.folder("gpt2")).withTask(classes, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no gpt2 is for " + classes);
    }

    @Test
    void a_body_stored_in_half_width_keeps_its_values_under_another_head() throws Exception {
        var classes = new Task.Classification(List.of("ham", "spam"));
        var wide = Model.load(Goldens.folder("bert-features"));
        var narrow = new LinkedHashMap<String, Tensor>();
        for (var tensor : wide.weights().tensors()) {
            var half = Tensor.allocate(DType.BF16, tensor.shape());
            try (var values = read(wide.weights(), tensor.name())) {
                for (long i = 0; i < values.elements(); i++) {
                    int upper = Float.floatToRawIntBits(values.floatAt(i)) >>> 16;
                    half.data().setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) upper);
                }
            }
            narrow.put(tensor.name(), half);
        }
        try (var weights = new MemoryWeights(narrow)) {
            var stored = "encoder.layer.1.output.dense.weight";

            var headed = wide.withWeights(weights).withTask(classes, 1);

            assertThat(read(headed.weights(), "bert." + stored))
                    .satisfies(has(read(weights.widened(), stored)));
        }
    }

    private static Consumer<Tensor> has(Tensor expected) {
        return found -> {
            try (found;
                    expected) {
                assertThat(found.shape()).isEqualTo(expected.shape());
                for (long i = 0; i < expected.elements(); i++) {
                    assertThat(found.floatAt(i)).isEqualTo(expected.floatAt(i));
                }
            }
        };
    }

    private void rewrite(Model model, UnaryOperator<String> rename) throws Exception {
        var tensors = new LinkedHashMap<String, Tensor>();
        for (var tensor : model.config().tensors(model.config().allLayers())) {
            tensors.put(rename.apply(tensor.name()), read(model.weights(), tensor.name()));
        }
        try (var weights = new MemoryWeights(tensors)) {
            Safetensors.write(folder.resolve("model.safetensors"), weights, Map.of());
        }
        Files.write(folder.resolve("config.json"), model.config().json());
    }

    @Test
    void fresh_norms_do_nothing_and_gpt2_adds_less_to_the_residual_the_deeper_it_is()
            throws Exception {
        var gemma = Model.load(Goldens.folder("gemma2")).config();
        var gpt2 = Model.load(Goldens.folder("gpt2")).config();
        try (var norm = read(FreshWeights.of(gemma, 1), "model.norm.weight");
                var added = read(FreshWeights.of(gpt2, 1), "transformer.h.0.mlp.c_proj.weight");
                var read = read(FreshWeights.of(gpt2, 1), "transformer.h.0.mlp.c_fc.weight")) {

            assertThat(norm.floatAt(3)).isZero();
            assertThat(deviation(read)).isCloseTo(0.02, within(2e-3));
            assertThat(deviation(added)).isCloseTo(0.02 / Math.sqrt(6), within(8e-4));
        }
    }

    private static double deviation(Tensor values) {
        double squares = 0;
        for (long i = 0; i < values.elements(); i++) {
            squares += values.floatAt(i) * values.floatAt(i);
        }
        return Math.sqrt(squares / values.elements());
    }

    @Test
    void a_fresh_model_saves_with_its_tokenizer_and_over_an_older_one() throws Exception {
        var model = Model.initialize(SMALL, Tokenizer.bytes(), 7);
        Files.writeString(folder.resolve("notes.txt"), "stay");

        Model.initialize(SMALL, Tokenizer.bytes(), 8).save(folder);
        model.save(folder);

        var loaded = Model.load(folder);
        assertThat(digests(loaded)).isEqualTo(digests(model));
        assertThat(loaded.tokenizer().orElseThrow().encode("a")).containsExactly(97);
        assertThat(folder.resolve("notes.txt")).hasContent("stay");
    }

    @Test
    void fresh_weights_are_normal_of_the_configured_width_norms_1() throws Exception {
        var weights = FreshWeights.of(SMALL, 7);
        var name = "model.embed_tokens.weight";
        try (var embedding = read(weights, name);
                var norm = read(weights, "model.norm.weight")) {
            double sum = 0;
            double squares = 0;
            double beyond2 = 0;
            for (long i = 0; i < embedding.elements(); i++) {
                double z = embedding.floatAt(i) / SMALL.initializerRange();
                sum += z;
                squares += z * z;
                beyond2 += Math.abs(z) > 2 ? 1 : 0;
            }
            long n = embedding.elements();

            assertThat(sum / n).isCloseTo(0, within(0.03));
            assertThat(squares / n).isCloseTo(1, within(0.04));
            assertThat(beyond2 / n).isCloseTo(0.0455, within(0.006));
            assertThat(norm.floatAt(0)).isEqualTo(1f);
        }
    }

    @Test
    void fresh_weights_have_the_same_bits_everywhere_and_in_any_piece() throws Exception {
        var weights = FreshWeights.of(SMALL, 7);
        var name = "model.layers.1.mlp.up_proj.weight";
        try (var whole = read(weights, name);
                var piece = Tensor.allocate(DType.F32, Shape.of(6))) {
            weights.read(name, 4 * 101, piece.data());

            for (int i = 0; i < 6; i++) {
                assertThat(piece.floatAt(i)).isEqualTo(whole.floatAt(101 + i));
            }
        }
        assertThat(Digest.ofAll(digests(Model.initialize(SMALL, Tokenizer.bytes(), 7))).hex())
                .isEqualTo("f6288dabb442ec82a676bd1d6007227589afa1f610ef883d3ef1000a1c0ecb7e");
        assertThat(digests(Model.initialize(SMALL, Tokenizer.bytes(), 8)).get(name))
                .isNotEqualTo(digests(Model.initialize(SMALL, Tokenizer.bytes(), 7)).get(name));
    }

    @Test
    void refuses_a_tokenizer_with_more_tokens_than_the_vocabulary() {
        var tiny = ModelConfig.llama(32, 1, 255, 16);

        assertThatThrownBy(() -> Model.initialize(tiny, Tokenizer.bytes(), 0))
                .hasMessage("tokens up to 256, vocabulary 255");
    }

    @Test
    void refuses_weights_that_are_not_the_configurations() throws Exception {
        Model.initialize(SMALL, Tokenizer.bytes(), 7).save(folder);
        var config = folder.resolve("config.json");

        refuses(
                config,
                ModelConfig.llama(64, 3, 260, 128),
                "model.layers.2.self_attn.q_proj.weight is missing");
        refuses(
                config,
                ModelConfig.llama(64, 2, 261, 128),
                "model.embed_tokens.weight: expected shape [261, 64], found [260, 64]");
        refuses(config, ModelConfig.llama(64, 1, 260, 128), "belongs to another kind of model");
        Files.delete(config);
        assertThatThrownBy(() -> Model.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(config + ": there is no such file");
    }

    private void refuses(Path file, ModelConfig config, String message) throws Exception {
        Files.write(file, config.json());
        assertThatThrownBy(() -> Model.load(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(message);
    }

    private static Map<String, Digest> digests(Model model) throws Exception {
        var digests = new LinkedHashMap<String, Digest>();
        for (var tensor : model.config().tensors(model.config().allLayers())) {
            try (var values = read(model.weights(), tensor.name())) {
                digests.put(tensor.name(), Digest.of(values.data()));
            }
        }
        return digests;
    }

    private static Tensor read(Weights weights, String name) throws Exception {
        for (var tensor : weights.tensors()) {
            if (tensor.name().equals(name)) {
                var values = Tensor.allocate(tensor.dtype(), tensor.shape());
                weights.read(name, 0, values.data());
                return values;
            }
        }
        throw new AssertionError("no tensor " + name);
    }
}
