package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.Architecture;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Lora;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.tensor.Tensor;

/** Low-rank adapters, against torch's: see make_lora.py in src/test/parity. */
class LoraTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW RULE = AdamW.lr(1e-2);
    private static final String PREFIX = "base_model.model.";

    @TempDir private Path folder;

    private static StageOptions options(Model model) {
        return StageOptions.forTraining(
                TrainingOptions.with(RULE).withFrozen(Lora.base(model.config())), 1);
    }

    private static Golden golden(Model model) throws Exception {
        return Golden.open(Goldens.folder(model.name()), model.config());
    }

    private static List<Float> train(LocalRun run, Golden golden, int steps) throws Exception {
        var losses = new ArrayList<Float>();
        for (int step = 0; step < steps; step++) {
            run.zeroGradients();
            losses.add(run.forwardBackward(golden.batch(), 2));
            run.step(RULE, 1e3);
        }
        return losses;
    }

    private static Lora lora(String targets) {
        return new Lora(4, 8, List.of(targets.split("\\+", -1)));
    }

    /** With the adapters that torch began with. */
    private static Model adapted(String name, String checkpoint, String targets) throws Exception {
        var model = Model.load(Goldens.folder(checkpoint)).withLora(lora(targets), 1);
        var begin = new HashMap<String, Tensor>();
        expected(name + ".begin." + PREFIX).forEach((own, tensor) -> begin.put(own, tensor));
        return model.withWeights(
                new JoinedWeights(List.of(new MemoryWeights(begin), model.weights())));
    }

    /** The golden's tensors whose names begin so, without that beginning. */
    private static Map<String, Tensor> expected(String beginning) throws Exception {
        var found = new HashMap<String, Tensor>();
        try (var weights = Goldens.open("/training/lora.safetensors")) {
            for (var spec : weights.tensors()) {
                if (spec.name().startsWith(beginning)) {
                    var name = spec.name().substring(beginning.length());
                    found.put(name, read(weights, spec.name()));
                }
            }
        }
        return found;
    }

    private static Tensor read(Weights weights, String name) throws Exception {
        for (var spec : weights.tensors()) {
            if (spec.name().equals(name)) {
                var tensor = Tensor.allocate(spec.dtype(), spec.shape());
                weights.read(name, 0, tensor.data());
                return tensor;
            }
        }
        throw new IllegalArgumentException(name);
    }

    private static void assertNear(String what, Tensor found, Tensor expected, double most) {
        assertThat(found.shape()).as(what).isEqualTo(expected.shape());
        for (long i = 0; i < expected.elements(); i++) {
            assertThat((double) found.floatAt(i))
                    .as("%s at %d", what, i)
                    .isCloseTo(expected.floatAt(i), within(most));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama, llama, q_proj+v_proj+down_proj",
        "gpt2, gpt2, c_attn",
        "bert, bert-classify, query+value"
    })
    void adapters_learn_as_with_torch_and_the_same_bits_in_any_split(
            String name, String checkpoint, String targets) throws Exception {
        var model = adapted(name, checkpoint, targets);
        var golden = golden(model);
        var losses = Objects.requireNonNull(expected(name + ".losses").get(""));
        var frozen = Lora.base(model.config());
        var weights = new ArrayList<Digest>();
        for (int stages = 1; stages <= 3; stages++) {
            try (var run = LocalRun.open(ENGINE, model, stages, options(model))) {
                var found = train(run, golden, 20);

                for (int step = 0; step < 20; step++) {
                    assertThat(found.get(step))
                            .as("loss of step %d in %d stages", step, stages)
                            .isCloseTo(losses.floatAt(step), within(1e-4f));
                }
                for (var end : expected(name + ".end." + PREFIX).entrySet()) {
                    try (var own = run.parameter(end.getKey())) {
                        assertNear(end.getKey(), own, end.getValue(), 5e-4);
                    }
                }
                for (var spec : model.config().tensors(model.config().allLayers())) {
                    if (frozen.holds(spec.name())) {
                        try (var now = run.parameter(spec.name());
                                var then = read(model.weights().widened(), spec.name())) {
                            assertThat(now.data().mismatch(then.data()))
                                    .as(spec.name())
                                    .isEqualTo(-1);
                        }
                    }
                }
                try (var state = run.state()) {
                    assertThat(state.tensors().tensors())
                            .filteredOn(it -> it.name().contains("exp_avg"))
                            .hasSize(2 * expected(name + ".end.").size());
                }
                weights.add(run.weightsDigest());
            }
        }
        assertThat(weights).hasSize(3).containsOnly(weights.getFirst());
    }

    @ParameterizedTest
    @CsvSource({
        "llama, llama, q_proj+v_proj+down_proj",
        "gpt2, gpt2, c_attn",
        "bert, bert-classify, query+value"
    })
    void what_is_saved_has_the_names_of_peft_and_merged_it_gives_the_same(
            String name, String checkpoint, String targets) throws Exception {
        var model = adapted(name, checkpoint, targets);
        var golden = golden(model);
        var end = expected(name + ".end.");
        try (var run = LocalRun.open(ENGINE, model, 2, options(model));
                var adapted = run.weights()) {
            train(run, golden, 20);
            try (var trained = run.weights();
                    var logits = run.logits(golden.batch().inputs())) {
                model.withWeights(trained).saveAdapters(folder.resolve("adapters"));
                model.withWeights(trained).merged().save(folder.resolve("merged"));

                try (var saved =
                        Safetensors.open(folder.resolve("adapters/adapter_model.safetensors"))) {
                    assertThat(saved.tensors()).hasSameSizeAs(end.keySet());
                    for (var spec : saved.tensors()) {
                        try (var own = read(saved, spec.name())) {
                            assertNear(
                                    spec.name(),
                                    own,
                                    Objects.requireNonNull(end.get(spec.name()), spec.name()),
                                    5e-4);
                        }
                    }
                }
                var merged = Model.load(folder.resolve("merged"));
                try (var alone = LocalRun.open(ENGINE, merged, 1, StageOptions.forInference(1));
                        var found = alone.logits(golden.batch().inputs())) {
                    assertNear("merged", found, logits, 1e-5);
                }
                assertThat(merged.config().tensors(merged.config().allLayers()))
                        .hasSizeLessThan(adapted.tensors().size());
            }
        }
        assertThat(Files.readString(folder.resolve("adapters/adapter_config.json")))
                .contains("\"peft_type\":\"LORA\"", "\"r\":4", "\"lora_alpha\":8.0")
                .contains("\"fan_in_fan_out\":" + name.equals("gpt2"));
    }

    @Test
    void fresh_adapters_change_nothing_and_are_the_same_for_the_same_seed() throws Exception {
        var plain = Model.load(Goldens.folder("llama"));
        var model = plain.withLora(lora("q_proj+v_proj"), 3);
        var inputs = golden(plain).batch().inputs();
        try (var with = LocalRun.open(ENGINE, model, 2, StageOptions.forInference(1));
                var without = LocalRun.open(ENGINE, plain, 2, StageOptions.forInference(1));
                var a = with.logits(inputs);
                var b = without.logits(inputs)) {
            assertThat(a.data().mismatch(b.data())).isEqualTo(-1);
        }
        var name = "model.layers.1.self_attn.q_proj.lora_A.weight";
        try (var one = read(model.weights(), name);
                var again = read(plain.withLora(lora("q_proj"), 3).weights(), name);
                var other = read(plain.withLora(lora("q_proj"), 4).weights(), name)) {
            assertThat(one.data().mismatch(again.data())).isEqualTo(-1);
            assertThat(one.data().mismatch(other.data())).isNotEqualTo(-1);
        }
    }

    @Test
    void a_configuration_with_adapters_is_read_as_it_was_written() throws Exception {
        var config = Model.load(Goldens.folder("llama")).withLora(lora("q_proj"), 1).config();

        assertThat(Architecture.parse("config.json", config.json())).isEqualTo(config);
        assertThatThrownBy(() ->
                        Architecture.parse(
                                "config.json",
                                new String(config.json(), StandardCharsets.UTF_8)
                                        .replace("[\"q_proj\"]", "[\"nowhere\"]")
                                        .getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("tensorlink_lora.targets");
    }

    @Test
    void adapters_that_cannot_be_are_refused_by_name() throws Exception {
        var model = Model.load(Goldens.folder("llama"));

        assertThatThrownBy(() -> model.withLora(lora("q_proj+nowhere"), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("target \"nowhere\"");
        assertThatThrownBy(() -> new Lora(0, 1, List.of("q_proj"))).hasMessageContaining("rank 0");
        assertThatThrownBy(() -> new Lora(1025, 1, List.of("q_proj")))
                .hasMessageContaining("rank 1025");
        assertThatThrownBy(() -> new Lora(1, 0, List.of("q_proj"))).hasMessageContaining("alpha");
        assertThatThrownBy(() -> new Lora(1, 1, List.of())).hasMessageContaining("0 targets");
        assertThatThrownBy(() -> model.saveAdapters(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no adapters");
    }
}
