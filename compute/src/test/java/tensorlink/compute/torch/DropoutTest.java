package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.Values;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tokenizer.Tokenizer;

/** Dropout, against transformers dropping the same: see make_dropout.py in src/test/parity. */
class DropoutTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW RULE = AdamW.lr(1e-3);
    private static final Tokens IDS =
            Tokens.of(new long[] {1, 2, 3, 4, 5}, new long[] {6, 7, 8, 9, 1});

    private static TrainingOptions seeded(long seed) {
        return TrainingOptions.with(RULE).withSeed(seed);
    }

    /** The model of a golden, with every rate that its configuration has a key for. */
    private static Model dropping(String name, double rate) throws Exception {
        var model = Model.load(Goldens.folder(name));
        var json = new String(model.config().json(), StandardCharsets.UTF_8);
        var config =
                ModelConfig.parse(
                        "config.json",
                        json.replaceAll("(\"[a-z_]*(dropout|pdrop)[a-z_]*\"):[0-9.]+", "$1:" + rate)
                                .getBytes(StandardCharsets.UTF_8));
        return new Model(name, config, model.weights(), model.tokenizer());
    }

    /** Four layers, to be cut in four. */
    private static Model deep() throws Exception {
        var json =
                """
                {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 32,
                 "n_layer": 4, "n_head": 4, "n_positions": 16, "vocab_size": 256,
                 "bos_token_id": 0, "eos_token_id": 0}\
                """;
        var config = ModelConfig.parse("config.json", json.getBytes(StandardCharsets.UTF_8));
        return Model.initialize(config, Tokenizer.bytes(), 3);
    }

    /** What must not depend on the split: the losses, and the weights after all. */
    private record Trained(List<Float> losses, Digest weights) {}

    private static Trained train(Model model, int stages, TrainingOptions how) throws Exception {
        var losses = new ArrayList<Float>();
        try (var run = LocalRun.open(ENGINE, model, stages, StageOptions.forTraining(how, 1))) {
            for (int step = 0; step < 3; step++) {
                run.zeroGradients();
                losses.add(run.forwardBackward(Batch.of(IDS), 2));
                losses.add(run.forwardBackward(Batch.of(IDS), 2));
                run.step(RULE, 1);
            }
            return new Trained(losses, run.weightsDigest());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "gpt-neox",
                "phi3",
                "gemma2",
                "mistral-window",
                "bert-classify",
                "roberta-classify",
                "distilbert-classify"
            })
    void each_family_learns_as_with_transformers_dropping_the_same(String name) throws Exception {
        var model = dropping(name, 0.25);
        var batch = Golden.open(Goldens.folder(name), model.config()).batch();
        var how = StageOptions.forTraining(seeded(7), 1);
        try (var run = LocalRun.open(ENGINE, model, 3, how);
                var expected = losses(name)) {
            for (int step = 0; step < expected.elements(); step++) {
                run.zeroGradients();
                float loss = run.forwardBackward(batch, 1);
                run.step(RULE, 1e3);

                assertThat(loss)
                        .as("step %d", step)
                        .isCloseTo(expected.floatAt(step), within(1e-4f));
            }
        }
    }

    private static Tensor losses(String name) throws Exception {
        try (var golden = Goldens.open("/training/dropout.safetensors")) {
            return Goldens.tensor(golden, name + ".losses");
        }
    }

    @Test
    void one_two_and_four_stages_drop_the_same_also_when_forwards_are_computed_again()
            throws Exception {
        var model = deep();
        var whole = train(model, 1, seeded(11));

        assertThat(train(model, 2, seeded(11))).isEqualTo(whole);
        assertThat(train(model, 4, seeded(11))).isEqualTo(whole);
        assertThat(train(model, 4, seeded(11).withRecompute(true))).isEqualTo(whole);
        assertThat(train(model, 2, seeded(11).withSchedule(Schedule.ZB_H1))).isEqualTo(whole);
        assertThat(train(model, 1, seeded(12))).isNotEqualTo(whole);
    }

    @Test
    void every_batch_micro_batch_and_step_drops_other_values() throws Exception {
        var twice = Tokens.of(new long[] {1, 2, 3, 4, 5}, new long[] {1, 2, 3, 4, 5});
        var losses = new ArrayList<Float>();
        try (var stage = stage(deep())) {
            for (int number = 0; number < 2; number++) {
                stage.begin(number);
                for (var part : Batch.of(twice).split(2)) {
                    losses.add(loss(stage, part.index(), part.inputs().tokens()));
                }
            }
            stage.begin(0);
            stage.zeroGradients();
            float again = loss(stage, 0, twice.rows(0, 1).tokens());
            stage.prepare(null);
            stage.apply(1, new Update(AdamW.lr(0), 0));
            float later = loss(stage, 0, twice.rows(0, 1).tokens());

            assertThat(again).isEqualTo(losses.getFirst());
            losses.add(later);
        }
        assertThat(losses).hasSize(5).doesNotHaveDuplicates();
    }

    private static Stage stage(Model model) throws Exception {
        var architecture = model.architecture();
        return ENGINE.open(
                architecture,
                architecture.allLayers(),
                StageState.initial(model.weights()),
                StageOptions.forTraining(seeded(5), 1));
    }

    /** Of a forward whose backward runs too. */
    private static float loss(Stage stage, int microBatch, Tokens ids) throws Exception {
        float loss = stage.forwardLoss(microBatch, ids.toTensor(), ids.toTensor(), 4);
        stage.backward(microBatch, null);
        return loss;
    }

    @Test
    void nothing_is_dropped_in_evaluation() throws Exception {
        var model = deep();
        var batch = Batch.of(IDS);
        try (var with = LocalRun.open(ENGINE, model, 2, StageOptions.forTraining(seeded(1), 1));
                var without =
                        LocalRun.open(
                                ENGINE, model.withoutDropout(), 2, StageOptions.forInference(1))) {
            float trained = with.forwardBackward(batch, 1);

            assertThat(with.evaluate(batch, 1)).isEqualTo(without.evaluate(batch, 1));
            assertThat(trained).isNotEqualTo(with.evaluate(batch, 1));
        }
    }

    @Test
    void what_is_kept_is_as_much_as_the_rate_says_and_scaled_so_that_the_mean_stays()
            throws Exception {
        int width = 40_000;
        double rate = 0.3;
        var graph = LayerGraph.builder();
        graph.dropout("drop", graph.positions("shift", graph.input("x", 1, width)), rate);
        var zeros = Tensor.allocate(DType.F32, Shape.of(1, width));
        var model =
                new Model(
                        "drop",
                        new GraphModel(graph.build(GraphLoss.MEAN_SQUARED_ERROR)),
                        new MemoryWeights(Map.of("shift.weight", zeros)),
                        Optional.empty());
        var ones = new float[2 * width];
        Arrays.fill(ones, 1);
        try (var run = LocalRun.open(ENGINE, model, 2, StageOptions.forTraining(seeded(2), 1));
                var result = run.forward(Values.of(width, ones), 2)) {
            int[] dropped = new int[2];
            for (int i = 0; i < 2 * width; i++) {
                float value = result.floatAt(i);
                assertThat(value).isIn(0f, (float) (1 / (1 - rate)));
                dropped[i / width] += value == 0 ? 1 : 0;
            }
            double deviation = Math.sqrt(rate * (1 - rate) / width);
            assertThat(dropped[0] / (double) width).isCloseTo(rate, within(4 * deviation));
            assertThat(dropped[1] / (double) width).isCloseTo(rate, within(4 * deviation));
            assertThat(dropped[0]).isNotEqualTo(dropped[1]);
        }
    }

    @Test
    void a_negative_batch_is_refused() throws Exception {
        try (var stage = stage(deep())) {
            assertThatThrownBy(() -> stage.begin(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("batch -1 of a step");
        }
    }
}
