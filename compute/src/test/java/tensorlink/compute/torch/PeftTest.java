package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/** Adapters that PEFT 0.21 wrote: see make_peft.py in src/test/parity. */
class PeftTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir private Path folder;

    private static Path saved(String name) throws Exception {
        var config =
                Objects.requireNonNull(PeftTest.class.getResource("/peft/" + name + "/" + CONFIG));
        return Objects.requireNonNull(Path.of(config.toURI()).getParent());
    }

    @ParameterizedTest
    @CsvSource({"llama, llama", "gpt2, gpt2", "bert, bert-classify"})
    void a_model_with_adapters_of_peft_gives_what_it_gives_there(String name, String checkpoint)
            throws Exception {
        var model = Model.load(Goldens.folder(checkpoint)).withAdapters(saved(name));

        assertNear(model, checkpoint, saved(name));
        assertNear(model.merged(), checkpoint, saved(name));
    }

    @ParameterizedTest
    @CsvSource({"llama, llama", "gpt2, gpt2", "bert, bert-classify"})
    void what_is_saved_again_has_the_same_bytes_and_is_read_the_same(String name, String checkpoint)
            throws Exception {
        var plain = Model.load(Goldens.folder(checkpoint));

        plain.withAdapters(saved(name)).saveAdapters(folder);

        try (var first = Safetensors.open(saved(name).resolve(WEIGHTS));
                var again = Safetensors.open(folder.resolve(WEIGHTS))) {
            for (var spec : first.tensors()) {
                try (var one = Goldens.tensor(first, spec.name());
                        var other = Goldens.tensor(again, spec.name())) {
                    assertThat(one.data().mismatch(other.data())).as(spec.name()).isEqualTo(-1);
                }
            }
        }
        assertNear(plain.withAdapters(folder), checkpoint, saved(name));
    }

    private static void assertNear(Model model, String checkpoint, Path peft) throws Exception {
        var golden = Golden.open(Goldens.folder(checkpoint), model.config());
        try (var run = LocalRun.open(ENGINE, model, 2, StageOptions.forInference(1));
                var found = run.logits(golden.inputs());
                var file = Safetensors.open(peft.resolve("logits.safetensors"));
                var expected = Goldens.tensor(file, "logits")) {
            assertThat(found.shape()).isEqualTo(expected.shape());
            for (long i = 0; i < found.elements(); i++) {
                assertThat(found.floatAt(i)).isCloseTo(expected.floatAt(i), within(2e-5f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"peft_type\": \"IA3\"",
                "\"bias\": \"all\"",
                "\"use_dora\": true",
                "\"use_rslora\": true",
                "\"rank_pattern\": {\"q_proj\": 8}",
                "\"alpha_pattern\": {\"q_proj\": 8}",
                "\"layers_to_transform\": [0]",
                "\"layer_replication\": [[0, 1]]",
                "\"exclude_modules\": [\"v_proj\"]",
                "\"lora_bias\": true",
                "\"init_lora_weights\": \"pissa\"",
                "\"trainable_token_indices\": [1]",
                "\"target_parameters\": [\"x\"]",
                "\"target_modules\": \"all-linear\"",
                "\"target_modules\": []",
                "\"target_modules\": [\"nowhere\"]",
                "\"r\": 1025",
                "\"lora_alpha\": 0",
                "\"of_tomorrow\": 1",
            })
    void what_is_not_supported_is_refused_by_name(String setting) throws Exception {
        var key = setting.substring(1, setting.indexOf('"', 1));
        var text = Files.readString(saved("llama").resolve(CONFIG));
        var other =
                text.contains("\"" + key + "\":")
                        ? text.replaceFirst(
                                "\"" + key + "\": (\\[[^]]*]|\\{}|[^,\\n]+)",
                                setting.replace("$", "\\$"))
                        : text.replaceFirst("\\{", "{ " + setting + ",");
        Files.writeString(folder.resolve(CONFIG), other);
        Files.copy(saved("llama").resolve(WEIGHTS), folder.resolve(WEIGHTS));

        refused(key);
    }

    @Test
    void adapters_of_another_model_or_too_few_are_refused_by_name() throws Exception {
        var gpt2 = Model.load(Goldens.folder("gpt2"));
        assertThatThrownBy(() -> gpt2.withAdapters(saved("llama")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("target_modules: target \"down_proj\"");
        var llama = Model.load(Goldens.folder("llama"));
        var adapted = llama.withAdapters(saved("llama"));
        assertThatThrownBy(() -> adapted.withAdapters(saved("llama")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has adapters already");

        Files.copy(saved("llama").resolve(CONFIG), folder.resolve(CONFIG));
        refused(WEIGHTS);
        var name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        write(name, Shape.of(4, 65));
        refused("q_proj.lora_A.weight: expected F32 ");
        write("model.layers.0.self_attn.q_proj.lora_A.weight", Shape.of(4, 64));
        refused("does not begin with base_model.model.");
        write("base_model.model.lm_head.weight", Shape.of(2, 2));
        refused("lm_head.weight: neither an adapter of this model nor a module to save");
        write("base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight", Shape.of(4, 64));
        refused("layers.9.self_attn.q_proj.lora_A.weight: neither");
        try (var all = Safetensors.open(saved("llama").resolve(WEIGHTS));
                var one = Goldens.tensor(all, name)) {
            Safetensors.write(
                    folder.resolve(WEIGHTS), new MemoryWeights(Map.of(name, one)), Map.of());
        }
        refused(".weight is missing");
    }

    private void write(String name, Shape shape) throws Exception {
        try (var tensor = Tensor.allocate(DType.F32, shape)) {
            Safetensors.write(
                    folder.resolve(WEIGHTS), new MemoryWeights(Map.of(name, tensor)), Map.of());
        }
    }

    private void refused(String message) throws Exception {
        var llama = Model.load(Goldens.folder("llama"));
        assertThatThrownBy(() -> llama.withAdapters(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(message);
    }
}
