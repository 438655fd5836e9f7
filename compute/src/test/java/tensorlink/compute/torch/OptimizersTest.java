package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** Against what torch computed; see make_optimizers.py beside the goldens. */
class OptimizersTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final OperatorModule OPERATORS = OperatorModule.load(manager());
    private static final List<TensorSpec> SMALL =
            List.of(
                    new TensorSpec("matrix", DType.F32, Shape.of(5, 7)),
                    new TensorSpec("vector", DType.F32, Shape.of(11)),
                    new TensorSpec("wide", DType.F32, Shape.of(70, 61)));

    /** By the names in the goldens, with the learning rates for the small parameters. */
    private static final Map<String, Optimizer> RULES = new LinkedHashMap<>();

    /** Learning rates for the checkpoint, where they are others. */
    private static final Map<String, Double> CHECKPOINT_RATES =
            Map.of(
                    "adam",
                    3e-4,
                    "adamw",
                    3e-4,
                    "adagrad",
                    3e-3,
                    "rmsprop",
                    3e-4,
                    "adafactor",
                    3e-3);

    static {
        RULES.put("sgd", Sgd.lr(0.05));
        RULES.put("sgd-decay", Sgd.lr(0.05).withWeightDecay(0.1));
        RULES.put(
                "sgd-momentum",
                Sgd.lr(0.02).withMomentum(0.9).withDampening(0.25).withWeightDecay(0.01));
        RULES.put("sgd-nesterov", Sgd.lr(0.02).withNesterovMomentum(0.9));
        RULES.put("adam", Adam.lr(0.01).withWeightDecay(0.05));
        RULES.put("adam-amsgrad", Adam.lr(0.01).withAmsgrad());
        RULES.put("adamw", AdamW.lr(0.01).withBetas(0.8, 0.95).withWeightDecay(0.1));
        RULES.put("adamw-amsgrad", AdamW.lr(0.01).withAmsgrad());
        RULES.put("adagrad", Adagrad.lr(0.05));
        RULES.put(
                "adagrad-decay",
                Adagrad.lr(0.05)
                        .withLearningRateDecay(0.01)
                        .withWeightDecay(0.05)
                        .withInitialAccumulator(0.1));
        RULES.put("rmsprop", RmsProp.lr(0.01).withWeightDecay(0.01));
        RULES.put("rmsprop-centered", RmsProp.lr(0.01).withAlpha(0.9).withCentered());
        RULES.put("rmsprop-momentum", RmsProp.lr(0.01).withMomentum(0.5));
        RULES.put(
                "rmsprop-all",
                RmsProp.lr(0.01).withMomentum(0.5).withCentered().withWeightDecay(0.01));
        RULES.put("adafactor", Adafactor.lr(0.05));
        RULES.put("adafactor-decay", Adafactor.lr(0.05).withWeightDecay(0.1).withClipping(2));
    }

    static List<String> names() {
        return List.copyOf(RULES.keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void parameters_and_state_are_those_of_torch_after_1_2_and_100_steps(String name)
            throws Exception {
        try (var golden = golden();
                var home = manager()) {
            var device = device(home);
            var state = new OptimizerState(device, SMALL);
            var values = new PtNDArray[SMALL.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = device.copyIn(home, initial(SMALL.get(i).shape()));
            }
            int compared = 0;
            for (int step = 1; step <= 100; step++) {
                try (var scope = device.scope()) {
                    state.apply(rule(name), values, gradients(scope, values, step));
                }
                for (var spec : golden.tensors()) {
                    var prefix = name + "." + step + ".";
                    if (spec.name().startsWith(prefix)) {
                        var found = find(spec.name().substring(prefix.length()), values, state);
                        assertNear(spec, golden, device.copyOut(found));
                        compared++;
                    }
                }
            }

            assertThat(compared).isEqualTo(3 * (SMALL.size() + state.arrays().size()));
            assertThat(state.steps()).isEqualTo(100);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void a_model_learns_in_100_steps_what_it_learns_with_torch(String name) throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var batch = batch();
        var rate = CHECKPOINT_RATES.get(name.split("-", -1)[0]);
        var rule = rate == null ? rule(name) : rule(name).withLearningRate(rate);
        try (var golden = golden();
                var expected = Goldens.tensor(golden, name + ".losses");
                var run = LocalRun.open(ENGINE, model, 1, options(rule))) {
            for (int step = 0; step < 100; step++) {
                run.zeroGradients();
                float loss = run.forwardBackward(batch, 1);
                run.step(rule);

                float theirs = expected.floatAt(step);
                float near = step < 20 ? 1e-4f : 1e-3f * Math.max(1, theirs);
                assertThat(loss).as("step %d", step).isCloseTo(theirs, within(near));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void two_and_four_stages_give_the_bits_of_one(String name) throws Exception {
        var model = Model.load(Goldens.folder("qwen2"));
        var batch = batch();
        try (var one = LocalRun.open(ENGINE, model, 1, options(rule(name)));
                var two = LocalRun.open(ENGINE, model, 2, options(rule(name)));
                var four = LocalRun.open(ENGINE, model, 4, options(rule(name)))) {
            for (var run : List.of(one, two, four)) {
                for (int step = 0; step < 3; step++) {
                    run.zeroGradients();
                    run.forwardBackward(batch, 2);
                    run.step(rule(name));
                }
            }

            assertThat(two.weightsDigest()).isEqualTo(one.weightsDigest());
            assertThat(four.weightsDigest()).isEqualTo(one.weightsDigest());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sgd-momentum", "adamw", "adagrad", "rmsprop-all", "adafactor"})
    void the_number_of_threads_does_not_change_bits_where_the_profile_says_so(String name)
            throws Exception {
        var specs =
                List.of(
                        new TensorSpec("matrix", DType.F32, Shape.of(500, 1003)),
                        new TensorSpec("vector", DType.F32, Shape.of(70_001)));
        var digests = new ArrayList<Map<String, Digest>>();
        for (int threads = 1; threads <= 2; threads++) {
            try (var thread = new ComputeThread("threads " + threads, threads);
                    var home = manager()) {
                digests.add(thread.call(false, () -> moved(specs, home, rule(name))));
            }
        }

        Engines.assertBitsOfAnyThreads(digests.get(1), digests.get(0));
    }

    private static Map<String, Digest> moved(
            List<TensorSpec> specs, PtNDManager home, Optimizer rule) {
        var device = device(home);
        var state = new OptimizerState(device, specs);
        var values = new PtNDArray[specs.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = device.copyIn(home, initial(specs.get(i).shape()));
        }
        for (int step = 1; step <= 3; step++) {
            state.apply(rule, values, gradients(home, values, step));
        }
        var digests = new HashMap<String, Digest>();
        for (int i = 0; i < values.length; i++) {
            digests.put(specs.get(i).name(), digest(device, values[i]));
        }
        return digests;
    }

    @Test
    void a_rule_goes_on_with_the_state_of_another_that_has_the_same_slots_or_begins_anew() {
        assertThat(ENGINE.arrays()).isNotNegative();
        try (var home = manager()) {
            var device = device(home);
            var state = new OptimizerState(device, SMALL);
            var values = new PtNDArray[SMALL.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = device.copyIn(home, initial(SMALL.get(i).shape()));
            }
            var gradients = gradients(home, values, 1);

            state.apply(Adam.lr(0.1), values, gradients);
            state.apply(AdamW.lr(0.2), values, gradients);
            assertThat(state.steps()).isEqualTo(2);
            state.apply(Adagrad.lr(0.1), values, gradients);

            assertThat(state.steps()).isEqualTo(1);
            assertThat(state.arrays().keySet())
                    .extracting(TensorSpec::name)
                    .containsExactly(
                            "optimizer.sum.matrix", "optimizer.sum.vector", "optimizer.sum.wide");
        }
    }

    @Test
    void clips_by_the_norm_of_all_gradients_as_torch_does_in_any_number_of_stages()
            throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var tied = Model.load(Goldens.folder("qwen2"));
        var rule = Sgd.lr(0.5);
        try (var golden = golden();
                var losses = Goldens.tensor(golden, "clipped.losses");
                var norms = Goldens.tensor(golden, "clipped.norms");
                var run = LocalRun.open(ENGINE, model, 3, options(rule))) {
            for (int step = 0; step < losses.elements(); step++) {
                run.zeroGradients();
                float loss = run.forwardBackward(batch(), 1);
                double norm = run.step(rule, 0.5);

                assertThat(loss).isCloseTo(losses.floatAt(step), within(1e-4f));
                assertThat((float) norm).isCloseTo(norms.floatAt(step), within(1e-3f));
            }
        }
        try (var one = LocalRun.open(ENGINE, tied, 1, options(rule));
                var four = LocalRun.open(ENGINE, tied, 4, options(rule))) {
            for (int step = 0; step < 3; step++) {
                one.forwardBackward(batch(), 2);
                four.forwardBackward(batch(), 2);
                assertThat(four.step(rule, 0.1)).isEqualTo(one.step(rule, 0.1)).isGreaterThan(0.1);
            }
            assertThat(four.weightsDigest()).isEqualTo(one.weightsDigest());
        }
    }

    @Test
    void a_rule_that_remembers_more_than_there_is_room_for_is_refused() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var run = LocalRun.open(ENGINE, model, 2, options(Adafactor.lr(0.1)))) {
            run.forwardBackward(batch(), 2);

            assertThatThrownBy(() -> run.step(Adam.lr(0.1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bytes of state, the stage has");
            run.step(Sgd.lr(0.1));
        }
    }

    private static StageOptions options(Optimizer rule) {
        return StageOptions.forTraining(TrainingOptions.with(rule), 1);
    }

    private static Optimizer rule(String name) {
        return Objects.requireNonNull(RULES.get(name));
    }

    /** What is called {@code slot.parameter}; parameters themselves are the slot "value". */
    private static PtNDArray find(String what, PtNDArray[] values, OptimizerState state) {
        for (int i = 0; i < values.length; i++) {
            if (what.equals("value." + SMALL.get(i).name())) {
                return values[i];
            }
        }
        for (var array : state.arrays().entrySet()) {
            if (array.getKey().name().equals(StateSlot.PREFIX + what)) {
                return array.getValue();
            }
        }
        throw new AssertionError("no " + what);
    }

    /** Of what is wide the goldens hold the first row. */
    private static void assertNear(TensorSpec spec, Weights golden, Tensor found) throws Exception {
        try (var expected = Goldens.tensor(golden, spec.name());
                var actual = found) {
            assertThat(spec.name().endsWith("wide") || spec.shape().equals(actual.shape()))
                    .as(spec.name())
                    .isTrue();
            float scale = 0;
            for (long i = 0; i < expected.elements(); i++) {
                scale = Math.max(scale, Math.abs(expected.floatAt(i)));
            }
            for (long i = 0; i < expected.elements(); i++) {
                assertThat(actual.floatAt(i))
                        .as("%s[%d]", spec.name(), i)
                        .isCloseTo(expected.floatAt(i), within(scale * 2e-6f));
            }
        }
    }

    private static Tensor initial(Shape shape) {
        var tensor = Tensor.allocate(DType.F32, shape);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, ((i * 37 + 5) % 101 - 50) / 64f);
        }
        return tensor;
    }

    private static PtNDArray[] gradients(PtNDManager home, PtNDArray[] values, int step) {
        var device = device(home);
        var gradients = new PtNDArray[values.length];
        for (int k = 0; k < values.length; k++) {
            try (var gradient = device.copyOut(values[k])) {
                for (long i = 0; i < gradient.elements(); i++) {
                    float own = ((i * 53 + step * 29L) % 97 - 48) / 256f;
                    gradient.setFloat(i, own + gradient.floatAt(i) * 0.5f);
                }
                gradients[k] = device.copyIn(home, gradient);
            }
        }
        return gradients;
    }

    private static Batch batch() throws Exception {
        try (var golden = Safetensors.open(Goldens.folder("llama").resolve("golden.safetensors"));
                var ids = Goldens.tensor(golden, "input_ids")) {
            var rows = new long[(int) ids.shape().axis(0)][(int) ids.shape().axis(1)];
            for (int row = 0; row < rows.length; row++) {
                for (int t = 0; t < rows[row].length; t++) {
                    rows[row][t] = ids.longAt((long) row * rows[row].length + t);
                }
            }
            return Batch.of(Tokens.of(rows));
        }
    }

    private static Weights golden() throws Exception {
        return Goldens.open("/optimizers/golden.safetensors");
    }

    private static Digest digest(NativeArrays device, PtNDArray array) {
        try (var copy = device.copyOut(array)) {
            return Digest.of(copy.data());
        }
    }

    private static NativeArrays device(PtNDManager home) {
        return new NativeArrays(OPERATORS, home, true);
    }

    private static PtNDManager manager() {
        return (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    }
}
