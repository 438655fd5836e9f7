package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.torch.Engines;

/** Layer graphs, cut anywhere, against themselves uncut. */
class GraphRunTest {
    private static final int STEPS = 2;
    private static final String BATCH_NORM = "batch-norm";
    private static final Path FOLDER = Path.of("src/test/resources/graphs").resolve(BATCH_NORM);
    private static final TrainingOptions PLAIN = TrainingOptions.defaults();
    private static final TrainingOptions IN_TWO_PARTS = PLAIN.withSchedule(Schedule.ZB_H1);

    /** What must not depend on the cut: each step's loss, and the weights after all. */
    private record Trained(List<Float> losses, Map<String, Digest> weights) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "graph-mlp",
                "graph-cnn",
                "graph-seq2seq",
                "graph-reshaped",
                "graph-shared",
                BATCH_NORM
            })
    void every_cut_gives_the_losses_and_weights_of_the_whole(String name) throws Exception {
        var model = model(name);
        var batch = batch(model, name);
        int nodes = model.architecture().layers();
        var whole = train(model, batch, List.of(model.architecture().allLayers()), PLAIN);
        int cuts = 0;

        for (int cut = 1; cut < nodes; cut++) {
            if (model.architecture().separable(cut)) {
                cuts++;
                var ranges = List.of(new LayerRange(0, cut), new LayerRange(cut, nodes));
                assertThat(train(model, batch, ranges, PLAIN))
                        .as("cut at %s", cut)
                        .isEqualTo(whole);
                assertThat(train(model, batch, ranges, IN_TWO_PARTS))
                        .as("backwards in two parts, cut at %s", cut)
                        .isEqualTo(whole);
            }
        }
        var most = model.architecture().even(cuts + 1);
        assertThat(train(model, batch, most, PLAIN.withRecompute(true)))
                .as("as many stages as can be, forwards computed again")
                .isEqualTo(whole);
        assertThat(train(model, batch, most, IN_TWO_PARTS.withRecompute(true)))
                .as("and backwards in two parts")
                .isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void batch_norms_learn_and_remember_what_those_of_pytorch_do(int stages) throws Exception {
        var model = model(BATCH_NORM);
        var batch = batch(model, BATCH_NORM);
        try (var golden = Safetensors.open(FOLDER.resolve("golden.safetensors"));
                var run =
                        LocalRun.open(
                                Engines.shared(), model, stages, StageOptions.forTraining(1))) {
            try (var logits = run.logits(batch.inputs())) {
                assertThat(difference(logits, golden, "logits")).isLessThan(2e-5);
            }
            for (int step = 0; step < 20; step++) {
                run.zeroGradients();
                float loss = run.forwardBackward(batch, 2);
                if (step == 0) {
                    assertGradients(run, golden);
                }
                try (var losses = read(golden, "losses")) {
                    assertThat(loss)
                            .as("step %s", step)
                            .isCloseTo(losses.floatAt(step), within(1e-4f));
                }
                run.step(AdamW.lr(1e-3));
            }

            for (var tensor : golden.tensors()) {
                if (tensor.name().startsWith("after.")) {
                    try (var ours = run.parameter(tensor.name().substring("after.".length()))) {
                        assertThat(difference(ours, golden, tensor.name()))
                                .as(tensor.name())
                                .isLessThan(1e-4);
                    }
                }
            }
            try (var logits = run.logits(batch.inputs())) {
                assertThat(difference(logits, golden, "trained_logits")).isLessThan(2e-3);
            }
        }
    }

    private static void assertGradients(LocalRun run, Weights golden) throws Exception {
        int compared = 0;
        for (var tensor : golden.tensors()) {
            if (tensor.name().startsWith("grad.")) {
                try (var ours = run.gradient(tensor.name().substring("grad.".length()));
                        var theirs = read(golden, tensor.name())) {
                    double largest = 0;
                    for (long i = 0; i < theirs.elements(); i++) {
                        largest = Math.max(largest, Math.abs(theirs.floatAt(i)));
                    }
                    // Normal over three rows only, which makes more of what rounding does.
                    assertThat(difference(ours, golden, tensor.name()))
                            .as(tensor.name())
                            .isLessThan(5e-5 * largest);
                    compared++;
                }
            }
        }
        assertThat(compared).isEqualTo(11);
    }

    @Test
    void statistics_follow_steps_that_are_taken_and_nothing_else() throws Exception {
        var model = model(BATCH_NORM);
        var batch = batch(model, BATCH_NORM);
        try (var run = LocalRun.open(Engines.shared(), model, 2, StageOptions.forTraining(1))) {
            var before = run.weightsDigest();
            run.evaluate(batch, 2);
            run.forwardBackward(batch, 2);
            run.zeroGradients();

            assertThat(run.weightsDigest()).isEqualTo(before);

            run.step(Sgd.lr(0.1));
            assertThat(run.weightsDigest()).as("no gradients, nothing seen").isEqualTo(before);
            run.forwardBackward(batch, 2);
            run.step(Sgd.lr(0.1));
            assertThat(run.weightsDigest()).isNotEqualTo(before);
        }
    }

    @Test
    void refuses_a_micro_batch_in_which_a_channel_has_one_value() throws Exception {
        var model = model(BATCH_NORM);
        var batch = batch(model, BATCH_NORM);
        try (var run = LocalRun.open(Engines.shared(), model, 1, StageOptions.forTraining(1))) {

            assertThatThrownBy(() -> run.forwardBackward(batch, 6))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "\"bn3\": a micro-batch of 1 row has 1 value per channel, at least 2");
        }
    }

    @Test
    void refuses_a_stage_that_ends_between_nodes_that_share_weights() throws Exception {
        var model = model("graph-shared");

        assertThat(model.architecture().even(2))
                .containsExactly(new LayerRange(0, 5), new LayerRange(5, 10));
        assertThatThrownBy(() ->
                        Engines.shared()
                                .open(
                                        model.architecture(),
                                        new LayerRange(0, 6),
                                        model.weights(),
                                        StageOptions.forTraining(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("layers 0-5 share tensors with others: they must be on one stage");
        assertThatThrownBy(() -> model.architecture().even(7))
                .hasMessage("7 stages of a model that can be cut into 6");
    }

    private static Model model(String name) throws Exception {
        return Model.load(name.equals(BATCH_NORM) ? FOLDER : Goldens.folder(name));
    }

    private static Batch batch(Model model, String name) throws Exception {
        if (!name.equals(BATCH_NORM)) {
            return Golden.open(Goldens.folder(name), model.architecture()).batch();
        }
        try (var golden = Safetensors.open(FOLDER.resolve("golden.safetensors"));
                var image = read(golden, "input.image");
                var labels = read(golden, "labels")) {
            var pixels = new float[Math.toIntExact(image.elements())];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = image.floatAt(i);
            }
            var classes = new long[Math.toIntExact(labels.elements())][1];
            for (int i = 0; i < classes.length; i++) {
                classes[i][0] = labels.longAt(i);
            }
            return new Batch(
                    Values.of(pixels.length / classes.length, pixels),
                    Tokens.of(classes),
                    Task.Kind.GRAPH);
        }
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

    private static double difference(Tensor ours, Weights golden, String name) throws Exception {
        try (var theirs = read(golden, name)) {
            assertThat(ours.elements()).isEqualTo(theirs.elements());
            double largest = 0;
            for (long i = 0; i < theirs.elements(); i++) {
                largest = Math.max(largest, Math.abs((double) ours.floatAt(i) - theirs.floatAt(i)));
            }
            return largest;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"graph-cnn", "graph-seq2seq", "graph-shared", BATCH_NORM})
    void two_threads_compute_the_bits_of_one_where_the_profile_says_so(String name)
            throws Exception {
        var model = model(name);
        var batch = batch(model, name);
        var all = List.of(model.architecture().allLayers());

        Engines.assertBitsOfAnyThreads(
                train(model, batch, all, PLAIN, 2), train(model, batch, all, PLAIN));
    }

    @Test
    void two_threads_compute_the_bits_of_one_for_images_worth_sharing_where_the_profile_says_so()
            throws Exception {
        var graph = LayerGraph.builder();
        var x = graph.conv2d("one", graph.input("image", 3, 32, 32), 24, 3, 1, 1);
        x = graph.activation("act", x, Operator.Activation.Function.RELU);
        x = graph.conv2d("two", graph.maxPool2d("pool", x, 2), 32, 3, 1, 1);
        graph.linear("head", graph.flatten("flat", x), 10);
        var model = Model.initialize(graph.build(GraphLoss.CROSS_ENTROPY), 3);
        var random = new CounterRandom(5);
        var pixels = new float[16 * 3 * 32 * 32];
        var labels = new long[16][1];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.uniform(i);
        }
        for (int i = 0; i < labels.length; i++) {
            labels[i][0] = i % 10;
        }
        var batch = new Batch(Values.of(3 * 32 * 32, pixels), Tokens.of(labels), Task.Kind.GRAPH);
        var all = List.of(model.architecture().allLayers());

        var one = train(model, batch, all, PLAIN);

        Engines.assertBitsOfAnyThreads(train(model, batch, all, PLAIN, 2), one);
    }

    @Test
    void goes_on_from_a_checkpoint_taken_in_other_cuts(@TempDir Path folder) throws Exception {
        var model = Model.load(Goldens.folder("graph-cnn"));
        var batch = Golden.open(Goldens.folder("graph-cnn"), model.architecture()).batch();
        var options = StageOptions.forTraining(1);
        var rule = AdamW.lr(1e-2);
        try (var three = LocalRun.open(Engines.shared(), model, 3, options);
                var straight = LocalRun.open(Engines.shared(), model, 1, options)) {
            step(three, batch, rule);
            model.withWeights(three.weights()).save(folder);
            try (var state = three.state().copy();
                    var five =
                            LocalRun.open(
                                    Engines.shared(), Model.load(folder), state, 5, options)) {
                step(five, batch, rule);
                step(straight, batch, rule);
                step(straight, batch, rule);

                assertThat(five.weightsDigest()).isEqualTo(straight.weightsDigest());
                assertThat(five.steps()).isEqualTo(2);
            }
        }
    }

    @Test
    void refuses_ids_beyond_their_limit_before_anything_runs() throws Exception {
        var model = Model.load(Goldens.folder("graph-seq2seq"));
        var row = new float[15];
        try (var run = LocalRun.open(Engines.shared(), model, 1, StageOptions.forInference(1))) {

            for (float id : new float[] {19, -1, 0.5f, Float.NaN}) {
                row[14] = id;
                assertThatThrownBy(() -> run.logits(Values.of(15, row)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("target: " + id + " is no id from 0 to 18");
            }
            assertThatThrownBy(() -> run.logits(Values.of(5, row)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("input: expected F32 [batch, 1, 15], got F32 [3, 1, 5]");
        }
    }

    private static void step(LocalRun run, Batch batch, AdamW rule) throws Exception {
        run.zeroGradients();
        run.forwardBackward(batch, 2);
        run.step(rule);
    }

    private static Trained train(
            Model model, Batch batch, List<LayerRange> ranges, TrainingOptions how)
            throws Exception {
        return train(model, batch, ranges, how, 1);
    }

    private static Trained train(
            Model model, Batch batch, List<LayerRange> ranges, TrainingOptions how, int threads)
            throws Exception {
        var options = StageOptions.forTraining(how, threads);
        var stages = new ArrayList<Stage>();
        try {
            for (var range : ranges) {
                stages.add(
                        Engines.shared()
                                .open(model.architecture(), range, model.weights(), options));
            }
            return train(stages, batch, how.splitsBackwards());
        } finally {
            stages.forEach(Stage::close);
        }
    }

    private static Trained train(List<Stage> stages, Batch batch, boolean inTwoParts)
            throws Exception {
        var losses = new ArrayList<Float>();
        var last = stages.getLast();
        for (int step = 1; step <= STEPS; step++) {
            for (var part : batch.split(2)) {
                Tensor x = part.inputs().toTensor();
                for (var stage : stages.subList(0, stages.size() - 1)) {
                    x = stage.forward(part.index(), x);
                }
                var labels = part.labels().toTensor();
                losses.add(last.forwardLoss(part.index(), x, labels, part.labelCount()));
                @Nullable Tensor gradient = null;
                for (var stage : stages.reversed()) {
                    gradient =
                            inTwoParts
                                    ? stage.inputGradient(part.index(), gradient)
                                    : stage.backward(part.index(), gradient);
                }
                for (var stage : inTwoParts ? stages : List.<Stage>of()) {
                    stage.weightGradients(part.index());
                }
            }
            for (var stage : stages) {
                stage.prepare(null);
                stage.apply(step, AdamW.lr(1e-2));
                stage.zeroGradients();
            }
        }
        var digests = new LinkedHashMap<String, Digest>();
        for (var stage : stages) {
            digests.putAll(stage.digests());
        }
        return new Trained(losses, digests);
    }
}
