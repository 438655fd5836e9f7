package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.torch.Engines;

/** Layer graphs, cut anywhere, against themselves uncut. */
class GraphRunTest {
    private static final int STEPS = 2;

    /** What must not depend on the cut: each step's loss, and the weights after all. */
    private record Trained(List<Float> losses, Digest weights) {}

    @ParameterizedTest
    @ValueSource(strings = {"graph-mlp", "graph-cnn", "graph-seq2seq", "graph-reshaped"})
    void every_cut_gives_the_losses_and_weights_of_the_whole(String name) throws Exception {
        var model = Model.load(Goldens.folder(name));
        var batch = Golden.open(Goldens.folder(name), model.architecture()).batch();
        int nodes = model.architecture().layers();
        var whole = train(model, batch, List.of(model.architecture().allLayers()), 1, false);

        for (int cut = 1; cut < nodes; cut++) {
            var ranges = List.of(new LayerRange(0, cut), new LayerRange(cut, nodes));
            assertThat(train(model, batch, ranges, 1, false)).as("cut at %s", cut).isEqualTo(whole);
        }
        assertThat(train(model, batch, LayerRange.even(nodes, nodes), 1, true))
                .as("each node a stage, forwards computed again")
                .isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"graph-cnn", "graph-seq2seq"})
    void two_threads_compute_the_bits_of_one_where_the_profile_says_so(String name)
            throws Exception {
        var model = Model.load(Goldens.folder(name));
        var batch = Golden.open(Goldens.folder(name), model.architecture()).batch();
        var all = List.of(model.architecture().allLayers());

        Engines.assertBitsOfAnyThreads(
                train(model, batch, all, 2, false), train(model, batch, all, 1, false));
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

        var one = train(model, batch, all, 1, false);

        Engines.assertBitsOfAnyThreads(train(model, batch, all, 2, false), one);
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
            Model model, Batch batch, List<LayerRange> ranges, int threads, boolean recompute)
            throws Exception {
        var options =
                StageOptions.forTraining(
                        TrainingOptions.defaults().withRecompute(recompute), threads);
        var stages = new ArrayList<Stage>();
        try {
            for (var range : ranges) {
                stages.add(
                        Engines.shared()
                                .open(model.architecture(), range, model.weights(), options));
            }
            return train(stages, batch);
        } finally {
            stages.forEach(Stage::close);
        }
    }

    private static Trained train(List<Stage> stages, Batch batch) throws Exception {
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
                    gradient = stage.backward(part.index(), gradient);
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
        return new Trained(losses, Digest.ofAll(digests));
    }
}
