package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

class StageStateTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW ADAMW = AdamW.lr(1e-2);
    private static final String NORM = "model.norm.weight";

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void stages_that_go_on_from_a_state_give_the_bits_of_those_that_never_stopped(String name)
            throws Exception {
        var model = Model.load(Goldens.folder(name));
        try (var first = open(model, 0, 2, StageState.initial(model.weights()));
                var last = open(model, 2, 4, StageState.initial(model.weights()))) {
            train(3, first, last);
            try (var ofFirst = first.state().copy();
                    var ofLast = last.state().copy();
                    var nextFirst = open(model, 0, 2, ofFirst);
                    var nextLast = open(model, 2, 4, ofLast)) {
                train(3, first, last);
                train(3, nextFirst, nextLast);

                assertThat(nextFirst.step()).isEqualTo(6);
                assertThat(digests(nextFirst.state())).isEqualTo(digests(first.state()));
                assertThat(digests(nextLast.state())).isEqualTo(digests(last.state()));
            }
        }
    }

    @Test
    void a_state_on_disk_serves_another_split() throws Exception {
        var model = Model.load(Goldens.folder("qwen2"));
        var file = folder.resolve("state.safetensors");
        try (var whole = open(model, 0, 4, StageState.initial(model.weights()))) {
            train(2, whole);
            Safetensors.write(file, whole.state().tensors(), Map.of());
            train(2, whole);
            var expected = new HashMap<>(digests(whole.state()));
            expected.remove("optimizer.steps");

            try (var state = new StageState(2, Safetensors.open(file));
                    var first = open(model, 0, 3, state);
                    var last = open(model, 3, 4, state)) {
                train(2, first, last);

                var found = new HashMap<>(digests(first.state()));
                found.putAll(digests(last.state()));
                assertThat(found.remove("optimizer.steps")).isNotNull();
                assertThat(found).isEqualTo(expected);
            }
        }
    }

    @Test
    void a_state_names_its_tensors_and_is_readable_in_any_piece_by_any_thread() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var stage = open(model, 3, 4, StageState.initial(model.weights()))) {
            assertThat(stage.state().tensors().tensors()).isEqualTo(stage.parameters());
            train(1, stage, model);

            var state = stage.state();

            assertThat(state.step()).isEqualTo(1);
            assertThat(state.tensors().tensors())
                    .hasSize(3 * stage.parameters().size() + 1)
                    .contains(
                            new TensorSpec("optimizer.exp_avg_sq." + NORM, DType.F32, Shape.of(32)),
                            new TensorSpec("optimizer.steps", DType.I64, Shape.of()));
            try (var whole = state.copy();
                    var arena = Arena.ofConfined()) {
                var some = arena.allocate(40);
                var same = arena.allocate(40);
                state.tensors().read("optimizer.exp_avg.lm_head.weight", 12, some);
                whole.tensors().read("optimizer.exp_avg.lm_head.weight", 12, same);
                assertThat(some.mismatch(same)).isEqualTo(-1);
            }
            var tooFar = MemorySegment.ofArray(new byte[8]);
            assertThatThrownBy(() -> state.tensors().read(NORM, 121, tooFar))
                    .hasMessage("model.norm.weight: 8 bytes at 121");
            assertThatThrownBy(() -> state.tensors().read("optimizer.steps", 1, tooFar))
                    .hasMessage("optimizer.steps: 8 bytes at 1");
            assertThatThrownBy(() -> state.tensors().read("optimizer.nothing", 0, tooFar))
                    .hasMessage("no tensor optimizer.nothing");
        }
    }

    @Test
    void a_state_that_was_not_copied_ends_with_the_next_step() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var stage = open(model, 0, 4, StageState.initial(model.weights()))) {
            var state = stage.state();
            train(1, stage);

            assertThatThrownBy(state::copy)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the stage has changed since its state was asked for");
        }
    }

    @Test
    void a_stage_goes_back_to_a_state_and_forgets_what_came_after() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var stage = open(model, 0, 4, StageState.initial(model.weights()))) {
            train(2, stage);
            long arrays = ENGINE.arrays();
            try (var second = stage.state().copy()) {
                train(2, stage);
                var fourth = digests(stage.state());
                accumulate(parts(9), stage);
                stage.prepare(null);
                forwardLoss(parts(9).getFirst(), stage);

                stage.restore(second);

                assertThat(stage.step()).isEqualTo(2);
                assertThat(ENGINE.arrays()).isEqualTo(arrays);
                assertThat(digests(stage.state())).isEqualTo(digests(second));
                assertThatThrownBy(() -> stage.apply(3, ADAMW))
                        .hasMessage("step 3 is not prepared");
                train(2, stage);
                assertThat(digests(stage.state())).isEqualTo(fourth);
            }
        }
    }

    @Test
    void a_stage_half_restored_computes_nothing_until_it_is_restored() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var stage = open(model, 0, 4, StageState.initial(model.weights()))) {
            var lost = new Lost(model.weights());

            assertThatThrownBy(() -> stage.restore(StageState.initial(lost)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the peer is gone");

            assertThatThrownBy(() -> stage.infer(Tokens.of(new long[] {1}).toTensor()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the stage is neither at one step nor at another: restore it");
            assertThatThrownBy(stage::state).isInstanceOf(IllegalStateException.class);
            stage.restore(StageState.initial(model.weights()));
            train(1, stage);
            assertThat(stage.step()).isEqualTo(1);
        }
    }

    @Test
    void refuses_a_state_that_is_not_whole_and_stays_as_it_was() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        try (var stage = open(model, 3, 4, StageState.initial(model.weights()))) {
            train(1, stage, model);
            var before = digests(stage.state());

            assertRefused(stage, "optimizer.exp_avg." + NORM, null, "is missing");
            assertRefused(
                    stage,
                    "optimizer.exp_avg_sq." + NORM,
                    Tensor.allocate(DType.F32, Shape.of(31)),
                    "expected F32 [32], found F32 [31]");
            assertRefused(
                    stage,
                    "optimizer.exp_avg_sq." + NORM,
                    Tensor.allocate(DType.I64, Shape.of(32)),
                    "expected F32 [32], found I64 [32]");
            assertRefused(
                    stage,
                    "optimizer.steps",
                    Tensor.allocate(DType.I64, Shape.of(1)),
                    "expected I64 [], found I64 [1]");
            assertRefused(
                    stage, "optimizer.steps", Tensor.ofLongs(Shape.of(), -1), "-1 after step 1");
            assertRefused(
                    stage, "optimizer.steps", Tensor.ofLongs(Shape.of(), 2), "2 after step 1");
            assertThat(digests(stage.state())).isEqualTo(before);
        }
    }

    private static void assertRefused(Stage stage, String name, @Nullable Tensor other, String why)
            throws Exception {
        var state = stage.state().tensors();
        var tensors = new LinkedHashMap<String, Tensor>();
        for (var spec : state.tensors()) {
            if (!spec.name().equals(name)) {
                var tensor = Tensor.allocate(spec.dtype(), spec.shape());
                state.read(spec.name(), 0, tensor.data());
                tensors.put(spec.name(), tensor);
            }
        }
        if (other != null) {
            tensors.put(name, other);
        }
        try (var malformed = new StageState(1, new MemoryWeights(tensors))) {
            assertThatThrownBy(() -> stage.restore(malformed))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining(name)
                    .hasMessageEndingWith(why);
        }
    }

    private record Lost(Weights all) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return all.tensors();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            if (name.equals(NORM)) {
                throw new IOException("the peer is gone");
            }
            all.read(name, offset, target);
        }
    }

    private static Stage open(Model model, int first, int end, StageState state) throws Exception {
        return ENGINE.open(
                model.config(), new LayerRange(first, end), state, StageOptions.forTraining(1));
    }

    /** Takes steps whose data depend on the step alone. */
    private static void train(int steps, Stage... stages) throws Exception {
        for (int i = 0; i < steps; i++) {
            for (var stage : stages) {
                stage.zeroGradients();
            }
            accumulate(parts(stages[0].step()), stages);
            var first = stages[0];
            var last = stages[stages.length - 1];
            var ofFirst = first.tiedGradient();
            first.prepare(last.tiedGradient());
            if (stages.length > 1) {
                last.prepare(ofFirst);
            }
            for (var stage : stages) {
                stage.apply(stage.step() + 1, ADAMW);
            }
        }
    }

    /** Takes steps on a last stage alone. */
    private static void train(int steps, Stage last, Model model) throws Exception {
        for (int i = 0; i < steps; i++) {
            var hidden = Tensor.allocate(DType.F32, Shape.of(1, 3, model.config().hidden()));
            hidden.data().fill((byte) 0x3F);
            last.forwardLoss(0, hidden, Tokens.of(new long[] {1, 2, 3}).toTensor(), 2);
            Objects.requireNonNull(last.backward(0, null)).close();
            last.prepare(null);
            last.apply(last.step() + 1, ADAMW);
        }
    }

    private static List<MicroBatch> parts(long seed) {
        var random = new Random(seed);
        var ids = new long[4][10];
        for (var row : ids) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextInt(512);
            }
        }
        return Batch.of(Tokens.of(ids)).split(2);
    }

    private static void accumulate(List<MicroBatch> parts, Stage... stages) throws Exception {
        for (var part : parts) {
            forwardLoss(part, stages);
            var gradient = stages[stages.length - 1].backward(part.index(), null);
            for (int i = stages.length - 2; i >= 0; i--) {
                gradient = stages[i].backward(part.index(), gradient);
            }
        }
    }

    private static void forwardLoss(MicroBatch part, Stage... stages) throws Exception {
        var x = part.inputs().toTensor();
        for (int i = 0; i < stages.length - 1; i++) {
            x = stages[i].forward(part.index(), x);
        }
        stages[stages.length - 1].forwardLoss(
                part.index(), x, part.labels().toTensor(), part.labelCount());
    }

    private static Map<String, Digest> digests(StageState state) throws Exception {
        var digests = new HashMap<String, Digest>();
        for (var spec : state.tensors().tensors()) {
            try (var copy = Tensor.allocate(spec.dtype(), spec.shape())) {
                state.tensors().read(spec.name(), 0, copy.data());
                digests.put(spec.name(), Digest.of(copy.data()));
            }
        }
        return digests;
    }
}
