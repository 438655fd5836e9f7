package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.Digest;
import tensorlink.compute.Frozen;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.tensor.Tensor;

/** Training that leaves some parameters as they are; see make_training.py in src/test/parity. */
class FrozenTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW RULE = AdamW.lr(1e-3);

    private static TrainingOptions options(Frozen frozen) {
        return TrainingOptions.with(RULE).withFrozen(frozen);
    }

    private static LocalRun open(Model model, int stages, Frozen frozen) throws Exception {
        return LocalRun.open(ENGINE, model, stages, StageOptions.forTraining(options(frozen), 1));
    }

    /** Returns the losses. */
    private static List<Float> train(LocalRun run, Golden golden, int steps) throws Exception {
        var losses = new ArrayList<Float>();
        for (int step = 0; step < steps; step++) {
            run.zeroGradients();
            losses.add(run.forwardBackward(golden.batch(), 2));
            run.step(RULE, 1.0e3);
        }
        return losses;
    }

    @ParameterizedTest
    @CsvSource({
        "frozen-first, bert-classify, bert.embeddings.*;bert.encoder.layer.0.*,"
                + " bert.encoder.layer.1.output.dense.weight",
        "frozen-biases, bert-classify, *.bias;bert.encoder.layer.1.*,"
                + " bert.encoder.layer.0.output.dense.weight",
        "frozen-tied, qwen2, model.embed_tokens.weight, model.norm.weight"
    })
    void what_is_left_learns_as_with_torch_and_the_same_bits_in_any_split(
            String name, String checkpoint, String patterns, String compared) throws Exception {
        var model = Model.load(Goldens.folder(checkpoint));
        var golden = Golden.open(Goldens.folder(checkpoint), model.config());
        var frozen = new Frozen(List.of(patterns.split(";", -1)));
        var weights = new ArrayList<Digest>();
        for (int stages = 1; stages <= Math.min(4, model.config().layers()); stages++) {
            try (var run = open(model, stages, frozen)) {
                var losses = train(run, golden, 20);

                weights.add(run.weightsDigest());
                assertLosses(name, losses);
                assertNear(name, run.parameter(compared), 2e-5);
                for (var spec : model.config().tensors(model.config().allLayers())) {
                    if (frozen.holds(spec.name())) {
                        assertUnmoved(model, run, spec.name());
                    }
                }
            }
        }
        assertThat(weights).hasSizeGreaterThan(2).containsOnly(weights.getFirst());
    }

    private static void assertLosses(String name, List<Float> losses) throws Exception {
        try (var golden = golden();
                var expected = Goldens.tensor(golden, name + ".losses")) {
            for (int step = 0; step < losses.size(); step++) {
                assertThat(losses.get(step))
                        .as("step %d", step)
                        .isCloseTo(expected.floatAt(step), within(1e-4f));
            }
        }
    }

    private static void assertNear(String name, Tensor found, double most) throws Exception {
        try (found;
                var golden = golden();
                var expected = Goldens.tensor(golden, name + ".weight")) {
            for (long i = 0; i < expected.elements(); i++) {
                assertThat((double) found.floatAt(i)).isCloseTo(expected.floatAt(i), within(most));
            }
        }
    }

    private static void assertUnmoved(Model model, LocalRun run, String name) throws Exception {
        try (var now = run.parameter(name);
                var then = Goldens.tensor(model.weights(), name);
                var gradient = run.gradient(name)) {
            assertThat(now.data().mismatch(then.data())).as(name).isEqualTo(-1);
            for (long i = 0; i < gradient.elements(); i++) {
                assertThat(gradient.floatAt(i)).isZero();
            }
        }
    }

    private static Weights golden() throws Exception {
        return Goldens.open("/training/golden.safetensors");
    }

    @Test
    void what_is_frozen_has_no_optimizer_state_and_costs_no_memory_but_its_own() throws Exception {
        var model = Model.load(Goldens.folder("bert-classify"));
        var golden = Golden.open(Goldens.folder("bert-classify"), model.config());
        var frozen = Frozen.first(model.config(), 2);
        try (var run = open(model, 3, frozen)) {
            train(run, golden, 1);
            try (var state = run.state()) {
                assertThat(state.tensors().tensors())
                        .extracting(it -> it.name())
                        .contains("optimizer.exp_avg.bert.encoder.layer.2.output.dense.bias")
                        .noneMatch(it -> it.startsWith("optimizer.exp_avg.bert.embeddings"))
                        .noneMatch(it -> it.startsWith("optimizer.exp_avg.bert.encoder.layer.1."));
                try (var copy = state.copy();
                        var other =
                                LocalRun.open(
                                        ENGINE,
                                        model,
                                        copy,
                                        1,
                                        StageOptions.forTraining(options(frozen), 1))) {
                    train(run, golden, 2);
                    train(other, golden, 2);
                    assertThat(other.weightsDigest()).isEqualTo(run.weightsDigest());
                }
            }
        }
        var config = model.config();
        var load = new MemoryEstimate.Load(1, 8, 1);
        var all =
                MemoryEstimate.ofTraining(config, config.allLayers(), load, options(Frozen.none()));
        var some = MemoryEstimate.ofTraining(config, config.allLayers(), load, options(frozen));
        long bytes = 0;
        for (var spec : config.tensors(config.allLayers())) {
            bytes += frozen.holds(spec.name()) ? spec.byteSize() : 0;
        }
        assertThat(all.training() - some.training()).isEqualTo(3 * bytes); // gradients, two moments
    }

    @Test
    void a_model_without_anything_to_train_is_refused() throws Exception {
        var model = Model.load(Goldens.folder("llama"));

        assertThatThrownBy(() -> open(model, 1, new Frozen(List.of("*"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nothing is trained, all parameters are frozen");
    }

    @ParameterizedTest
    @CsvSource({
        "model.norm.weight, true",
        "*norm*, true",
        "model.*.weight, true",
        "*, true",
        "**t, true",
        "model.norm, false",
        "*.bias, false",
        "m*m*m*m, false",
        "model.norm.weight.*, false",
        "modelXnorm.weight, false"
    })
    void stars_stand_for_any_characters_and_nothing_else_does(String pattern, boolean holds) {
        assertThat(new Frozen(List.of(pattern)).holds("model.norm.weight")).isEqualTo(holds);
    }

    @Test
    void patterns_are_few_and_short() {
        assertThat(new Frozen(List.of("x".repeat(512))).patterns()).hasSize(1);
        assertThatThrownBy(() -> new Frozen(List.of("x".repeat(513))))
                .hasMessage("a pattern of 513 characters, 1 to 512");
        assertThatThrownBy(() -> new Frozen(List.of(""))).hasMessageContaining("of 0 characters");
        assertThatThrownBy(() -> new Frozen(java.util.Collections.nCopies(4097, "x")))
                .hasMessage("4097 patterns, at most 4096");
    }
}
