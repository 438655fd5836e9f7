package tensorlink.compute.child;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.Digest;
import tensorlink.compute.Engine;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageLostException;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.Engines;

@Timeout(120)
class ChildStageTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(32, 3, 256, 64);
    private static final Model MODEL = Model.initialize(CONFIG, Tokenizer.bytes(), 5);
    private static final LayerRange FRONT = new LayerRange(0, 2);
    private static final LayerRange BACK = new LayerRange(2, 3);

    @TempDir private static Path folder;
    private static ChildEngine engine;

    @BeforeAll
    static void open() throws Exception {
        engine = ChildEngine.open(folder);
    }

    @AfterAll
    static void close() {
        engine.close();

        assertThat(engine.processes()).isEmpty();
    }

    @Test
    void a_process_that_cannot_compute_on_its_card_is_refused_with_the_reason() {
        assertThatThrownBy(() -> ChildEngine.open(folder, Kernels.bundled(), Device.cuda(0)))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("cannot compute on cuda:0: ")
                .hasMessageContaining("libtorch");
    }

    @Test
    void a_process_of_its_own_measures_what_the_device_can_do() throws Exception {
        assertThat(engine.limits(1).product()).isBetween(1e7, 1e17);
    }

    private static Batch batch(long seed) {
        var random = new SplittableRandom(seed);
        var rows = new long[4][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(16, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }

    private static Stage open(Engine on, LayerRange layers, StageOptions options)
            throws IOException, InterruptedException {
        return on.open(CONFIG, layers, MODEL.weights(), options);
    }

    private static ProcessHandle processOf(Stage stage) {
        return ((ChildStage) stage).process();
    }

    /** Everything that a pipeline of two stages computes in two steps and a generation. */
    private static List<Object> everything(Engine on, Schedule schedule) throws Exception {
        var found = new ArrayList<Object>();
        var how = TrainingOptions.defaults().withSchedule(schedule);
        var options = StageOptions.forTraining(how, 1);
        try (var front = open(on, FRONT, options);
                var back = open(on, BACK, options)) {
            for (int step = 1; step <= 2; step++) {
                front.zeroGradients();
                back.zeroGradients();
                for (var part : batch(step).split(2)) {
                    int m = part.index();
                    var hidden = front.forward(m, part.inputs().toTensor());
                    found.add(digest(hidden));
                    found.add(
                            back.forwardLoss(
                                    m, hidden, part.labels().toTensor(), part.labelCount()));
                    if (how.splitsBackwards()) {
                        front.inputGradient(m, back.inputGradient(m, null));
                        back.weightGradients(m);
                        front.weightGradients(m);
                    } else {
                        assertThat(front.backward(m, back.backward(m, null))).isNull();
                    }
                }
                long numbers = back.beginSum();
                found.add(numbers);
                try (var some = back.readSum(numbers - 100, 100)) {
                    found.add(Digest.of(some.data()));
                    back.writeSum(3, some.rows(0, 50));
                }
                found.add(front.tiedGradient() == null);
                found.add(front.prepare(null));
                found.add(back.prepare(null));
                front.apply(step, new Update(AdamW.lr(1e-2), 0.5f));
                back.apply(step, AdamW.lr(1e-2));
                found.add(front.step());
            }
            found.add(front.digests());
            found.add(back.parameters());
            found.add(digests(back.state()));
            try (var gradient = back.gradient("lm_head.weight");
                    var parameter = back.parameter("lm_head.weight")) {
                found.add(Digest.of(gradient.data()));
                found.add(Digest.of(parameter.data()));
            }
            try (var seen = front.openCache(1, 8);
                    var cache = back.openCache(1, 8)) {
                for (long token : new long[] {7, 8, 9}) {
                    var hidden = front.extend(seen, Tokens.of(new long[] {token}).toTensor());
                    try (var logits = back.extend(cache, hidden)) {
                        found.add(Digest.of(logits.data()));
                    }
                }
                seen.truncate(1);
                found.add(List.of(seen.position(), cache.position(), cache.capacity()));
            }
        }
        return found;
    }

    private static Digest digest(Tensor tensor) {
        return Digest.of(tensor.data());
    }

    private static Map<String, Digest> digests(StageState state) throws Exception {
        var digests = new TreeMap<String, Digest>();
        try (var copy = state.copy()) {
            for (var spec : copy.tensors().tensors()) {
                try (var tensor = Tensor.allocate(spec.dtype(), spec.shape())) {
                    copy.tensors().read(spec.name(), 0, tensor.data());
                    digests.put(spec.name(), digest(tensor));
                }
            }
        }
        return digests;
    }

    @Test
    void a_process_computes_the_bits_that_this_one_does() throws Exception {
        for (var schedule : List.of(Schedule.ONE_F_ONE_B, Schedule.ZB_H1)) {
            assertThat(everything(engine, schedule))
                    .isEqualTo(everything(Engines.shared(), schedule));
        }
        assertThat(engine.profile()).isEqualTo(Engines.shared().profile());
    }

    @Test
    void a_process_drops_in_each_batch_what_this_one_does() throws Exception {
        var json = new String(CONFIG.json(), UTF_8);
        var config =
                ModelConfig.parse(
                        "config.json",
                        json.replace("\"attention_dropout\":0.0", "\"attention_dropout\":0.5")
                                .getBytes(UTF_8));
        var how = StageOptions.forTraining(TrainingOptions.defaults().withSeed(4), 1);
        var found = new ArrayList<Digest>();
        for (var on : List.of(engine, Engines.shared())) {
            try (var stage = on.open(config, FRONT, MODEL.weights(), how)) {
                for (long number = 0; number < 2; number++) {
                    stage.begin(number);
                    try (var hidden = stage.forward(0, batch(1).inputs().toTensor())) {
                        found.add(digest(hidden));
                    }
                    stage.abandon();
                }
            }
        }

        assertThat(found.subList(2, 4)).isEqualTo(found.subList(0, 2)).doesNotHaveDuplicates();
    }

    @Test
    void a_state_is_read_until_the_next_step_and_restored_anywhere() throws Exception {
        try (var stage = open(engine, FRONT, StageOptions.forTraining(1));
                var other = open(engine, FRONT, StageOptions.forTraining(1))) {
            train(stage, 1);
            var state = stage.state();
            try (var copy = state.copy()) {
                other.restore(copy);
            }

            assertThat(other.step()).isEqualTo(1);
            assertThat(digests(other.state())).isEqualTo(digests(state));
            assertThatThrownBy(() -> state.tensors().read("nothing", 0, room(4)))
                    .hasMessage("no tensor nothing");
            train(stage, 2);
            assertThatThrownBy(state::copy)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the stage has changed since its state was asked for");
        }
    }

    private static void train(Stage front, long step) throws Exception {
        var hidden = front.forward(0, batch(step).inputs().toTensor());
        front.backward(0, hidden);
        front.prepare(null);
        front.apply(step, AdamW.lr(1e-2));
    }

    private static MemorySegment room(int bytes) {
        return MemorySegment.ofArray(new byte[bytes]);
    }

    @Test
    void what_does_not_fit_is_refused_with_the_words_of_a_stage_in_this_process() throws Exception {
        try (var far = open(engine, FRONT, StageOptions.forTraining(1));
                var near = open(Engines.shared(), FRONT, StageOptions.forTraining(1))) {
            for (var stage : List.of(near, far)) {
                assertThatThrownBy(() -> stage.forward(0, Tensor.ofFloats(Shape.of(1), 1)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("input");
                assertThatThrownBy(() -> stage.apply(1, AdamW.lr(1)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("step 1 is not prepared");
                assertThatThrownBy(() -> stage.backward(3, null))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("micro-batch 3 is not in flight");
            }
            train(far, 1);
            assertThat(far.step()).isEqualTo(1);
        }
    }

    @Test
    void weights_that_cannot_be_read_are_their_readers_failure() throws Exception {
        var broken =
                new Weights() {
                    @Override
                    public List<TensorSpec> tensors() {
                        return MODEL.weights().tensors();
                    }

                    @Override
                    public void read(String name, long offset, MemorySegment target)
                            throws IOException {
                        throw new IOException("the disk is gone");
                    }
                };

        assertThatThrownBy(() -> engine.open(CONFIG, FRONT, broken, StageOptions.forInference(1)))
                .isInstanceOf(IOException.class)
                .hasMessage("the disk is gone");
        var none = new MemoryWeights(Map.of());
        assertThatThrownBy(() -> engine.open(CONFIG, FRONT, none, StageOptions.forInference(1)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageEndingWith(" is missing");
    }

    @Test
    void a_process_that_is_killed_costs_its_stage_and_nothing_else() throws Exception {
        try (var stage = open(engine, FRONT, StageOptions.forTraining(1));
                var other = open(engine, BACK, StageOptions.forTraining(1))) {
            var input = batch(1).inputs();
            stage.forward(0, input.toTensor()).close();

            processOf(stage).destroyForcibly();

            assertThatThrownBy(() -> stage.forward(1, input.toTensor()))
                    .isInstanceOf(StageLostException.class)
                    .hasMessageMatching(
                            "the stage of .* is lost: process \\d+ was killed \\(signal 9\\).*");
            assertThatThrownBy(() -> stage.digests()).isInstanceOf(StageLostException.class);
            assertThat(other.digests()).isNotEmpty();
        }
        try (var next = open(engine, FRONT, StageOptions.forTraining(1))) {
            assertThat(next.digests()).isNotEmpty();
        }
    }

    @Test
    void a_process_killed_in_the_middle_of_a_call_fails_that_call() throws Exception {
        var large = ModelConfig.llama(512, 4, 256, 512);
        var model = Model.initialize(large, Tokenizer.bytes(), 1);
        try (var stage =
                engine.open(
                        large, large.allLayers(), model.weights(), StageOptions.forInference(1))) {
            var rows = new long[16][512];
            var killing =
                    Thread.ofPlatform()
                            .start(() -> {
                                processOf(stage).destroyForcibly();
                            });

            assertThatThrownBy(
                            () -> {
                                while (true) {
                                    stage.infer(Tokens.of(rows).toTensor()).close();
                                }
                            })
                    .isInstanceOf(StageLostException.class);
            killing.join();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void a_stage_that_takes_far_more_memory_than_it_said_fails_alone() throws Exception {
        var wide = ModelConfig.llama(64, 1, 32_000, 2048);
        var model = Model.initialize(wide, Tokenizer.bytes(), 1);
        var rows = new long[8][2048]; // logits of 2 GB
        try (var stage =
                engine.open(
                        wide,
                        wide.allLayers(),
                        model.weights(),
                        StageOptions.forInference(1).withMemory(64 << 20))) {
            var fits = Tokens.of(new long[16]).toTensor();
            stage.infer(fits).close();

            assertThatThrownBy(() -> stage.infer(Tokens.of(rows).toTensor()))
                    .isInstanceOf(StageLostException.class);
        }
        try (var next = open(engine, FRONT, StageOptions.forTraining(1))) {
            assertThat(next.digests()).isNotEmpty();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void a_process_is_told_no_secrets_and_yields_to_others() throws Exception {
        try (var stage = open(engine, FRONT, StageOptions.forInference(1).withMemory(1 << 20))) {
            var account = Path.of("/proc/" + processOf(stage).pid());
            var variables = Files.readString(account.resolve("environ")).split("\0");
            var limits = Files.readString(account.resolve("limits"));

            assertThat(variables)
                    .allMatch(it -> Child.VARIABLES.contains(it.replaceAll("=.*", "")));
            assertThat(nicenessOf(account, "stage")).isGreaterThanOrEqualTo(5);
            assertThat(limits).containsPattern("Max data size +\\d+ +\\d+ +bytes");
            assertThat(Files.readSymbolicLink(account.resolve("cwd"))).startsWith(folder);
        }
    }

    /** Linux has it for each thread. */
    private static int nicenessOf(Path account, String thread) throws IOException {
        try (var threads = Files.list(account.resolve("task"))) {
            for (var each : threads.toList()) {
                var status = Files.readString(each.resolve("stat"));
                if (status.contains("(" + thread)) {
                    return Integer.parseInt(status.replaceAll(".*\\) ", "").split(" ", -1)[16]);
                }
            }
        }
        throw new AssertionError("no thread " + thread);
    }

    @Test
    void a_closed_stage_leaves_neither_process_nor_folder() throws Exception {
        var stage = open(engine, FRONT, StageOptions.forInference(1));
        var process = processOf(stage);

        stage.close();

        assertThat(process.isAlive()).isFalse();
        assertThatThrownBy(stage::digests)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the stage is closed");
        assertThat(Objects.requireNonNull(folder.toFile().list()))
                .noneMatch(it -> it.startsWith("stage-" + process.pid()));
    }

    @Test
    void statuses_are_told_in_words() {
        assertThat(Child.sentence(0)).isEqualTo("ended by itself with status 0");
        assertThat(Child.sentence(3)).isEqualTo("had not enough memory on its heap");
        assertThat(Child.sentence(134)).isEqualTo("crashed in native code (signal 6)");
        assertThat(Child.sentence(143)).isEqualTo("was ended by signal 15");
    }
}
