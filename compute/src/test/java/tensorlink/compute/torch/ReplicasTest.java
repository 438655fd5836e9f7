package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tokenizer.Tokenizer;

class ReplicasTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final Optimizer ADAMW = AdamW.lr(1e-2);
    private static final int MICRO_BATCHES = 6;

    /** Three layers, a shared embedding, dropout. */
    private static Model model() throws Exception {
        var json =
                """
                {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 32,
                 "n_layer": 3, "n_head": 4, "n_positions": 16, "vocab_size": 256,
                 "embd_pdrop": 0.1, "resid_pdrop": 0.1, "attn_pdrop": 0.1,
                 "bos_token_id": 0, "eos_token_id": 0}\
                """;
        var config = ModelConfig.parse("config.json", json.getBytes(StandardCharsets.UTF_8));
        return Model.initialize(config, Tokenizer.bytes(), 3);
    }

    private static Batch batch(long seed) {
        var random = new SplittableRandom(seed);
        var rows = new long[MICRO_BATCHES][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(8, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }

    private static TrainingOptions how(Optimizer rule, int replicas) {
        return TrainingOptions.with(rule).withSeed(5).withReplicas(replicas);
    }

    private static LocalRun open(Model model, int stages, TrainingOptions how) throws Exception {
        return LocalRun.open(ENGINE, model, stages, StageOptions.forTraining(how, 1));
    }

    /** What must not depend on the split. */
    private record Trained(List<Number> losses, Digest weights) {}

    private static Trained train(Model model, int stages, TrainingOptions how) throws Exception {
        var told = new ArrayList<Number>();
        try (var run = open(model, stages, how)) {
            for (int step = 0; step < 3; step++) {
                run.zeroGradients();
                told.add(run.forwardBackward(batch(step), MICRO_BATCHES));
                told.add(run.forwardBackward(batch(step + 10), MICRO_BATCHES));
                told.add(run.step(how.optimizer(), 0.5));
            }
            return new Trained(told, run.weightsDigest());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void gradients_are_those_of_each_share_added_in_the_order_of_replicas(int replicas)
            throws Exception {
        var model = model();
        var parts = batch(1).split(MICRO_BATCHES);
        var apart = new ArrayList<Stage>();
        try (var run = open(model, 1, how(ADAMW, replicas))) {
            run.forwardBackward(batch(1), MICRO_BATCHES);
            for (var share : MicroBatch.share(parts, replicas)) {
                var stage = alone(model);
                apart.add(stage);
                for (var part : share) {
                    stage.forwardLoss(
                            part.index(),
                            part.inputs().toTensor(),
                            part.labels().toTensor(),
                            part.labelCount());
                    stage.backward(part.index(), null);
                }
            }

            for (var parameter : apart.getFirst().parameters()) {
                if (model.config().tiedEmbeddings() && parameter.name().contains("wte")) {
                    continue; // two leaves, each of which is added apart
                }
                try (var actual = run.gradient(parameter.name());
                        var sum = apart.getFirst().gradient(parameter.name())) {
                    for (var other : apart.subList(1, replicas)) {
                        try (var part = other.gradient(parameter.name())) {
                            for (long i = 0; i < sum.elements(); i++) {
                                sum.setFloat(i, sum.floatAt(i) + part.floatAt(i));
                            }
                        }
                    }
                    assertThat(Digest.of(actual.data()))
                            .as(parameter.name())
                            .isEqualTo(Digest.of(sum.data()));
                }
            }
        } finally {
            apart.forEach(Stage::close);
        }
    }

    private static Stage alone(Model model) throws Exception {
        return ENGINE.open(
                model.architecture(),
                model.architecture().allLayers(),
                model.weights(),
                StageOptions.forTraining(how(ADAMW, 1), 1));
    }

    @ParameterizedTest
    @CsvSource({"2, 2", "2, 3", "3, 2", "3, 3", "6, 1"})
    void any_split_into_stages_gives_the_same_bits(int replicas, int stages) throws Exception {
        var model = model();
        for (var rule : List.of(ADAMW, new Sgd(0.1, 0.9, 0, 0, false))) {
            assertThat(train(model, stages, how(rule, replicas)))
                    .isEqualTo(train(model, 1, how(rule, replicas)));
        }
    }

    @Test
    void so_it_is_in_bf16() throws Exception {
        var how = how(ADAMW, 2).withPrecision(Precision.BF16);

        assertThat(train(model(), 3, how)).isEqualTo(train(model(), 1, how));
    }

    @Test
    void replicas_learn_what_one_learns_but_for_the_order_of_sums() throws Exception {
        var one = train(model(), 1, how(ADAMW, 1));

        var three = train(model(), 1, how(ADAMW, 3));

        assertThat(three.weights()).isNotEqualTo(one.weights());
        for (int i = 0; i < one.losses().size(); i++) {
            assertThat(three.losses().get(i).doubleValue())
                    .isCloseTo(one.losses().get(i).doubleValue(), within(1e-4));
        }
    }

    @Test
    void gradients_that_are_not_zeroed_count_once_in_the_next_step() throws Exception {
        var sgd = new Sgd(0.0, 0, 0, 0, false); // the weights stay
        try (var run = open(model(), 2, how(sgd, 2));
                var whole = open(model(), 1, how(sgd, 1))) {
            for (int step = 0; step < 3; step++) {
                run.forwardBackward(batch(step), MICRO_BATCHES);
                whole.forwardBackward(batch(step), MICRO_BATCHES);
                double norm = whole.step(sgd);

                assertThat(run.step(sgd)).isCloseTo(norm, within(1e-4 * norm));
            }
            double again = whole.step(sgd);
            assertThat(run.step(sgd)).isCloseTo(again, within(1e-4 * again));
        }
    }

    @Test
    void what_cannot_be_shared_evenly_is_more_on_the_first() throws Exception {
        var parts = batch(1).split(5);

        assertThat(MicroBatch.share(parts, 3))
                .containsExactly(parts.subList(0, 2), parts.subList(2, 4), parts.subList(4, 5));
        assertThat(MicroBatch.share(parts.subList(0, 1), 2))
                .containsExactly(parts.subList(0, 1), List.of());
    }

    @Test
    void a_batch_that_the_replicas_cannot_share_is_refused() throws Exception {
        try (var run = open(model(), 1, how(ADAMW, 2))) {
            assertThatThrownBy(() -> run.forwardBackward(batch(1), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("micro-batches 1, at least 1 for each of 2 replicas");
        }
        assertThatThrownBy(() -> how(ADAMW, 65)).hasMessage("replicas 65, 1 to 64");
        assertThatThrownBy(() -> how(ADAMW, 0)).hasMessage("replicas 0, 1 to 64");
    }

    @Test
    void running_statistics_have_no_replicas() {
        var builder = LayerGraph.builder();
        builder.linear("out", builder.batchNorm("norm", builder.input("in", 4)), 3);
        var graph = builder.build(GraphLoss.CROSS_ENTROPY);

        assertThatThrownBy(() -> open(Model.initialize(graph, 1), 1, how(ADAMW, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "replicas 2, at most 1 for a model with running statistics, such as"
                                + " norm.running_mean");
    }

    @Test
    void a_sum_that_has_begun_ends_with_the_step_or_with_fresh_gradients() throws Exception {
        var model = model();
        try (var stage = alone(model)) {
            var part = batch(1).split(1).getFirst();
            forwardLoss(stage, part);
            stage.backward(0, null);
            assertThatThrownBy(() -> stage.readSum(0, 1)).isInstanceOf(IllegalStateException.class);
            long numbers = stage.beginSum();

            assertThat(numbers).isEqualTo(model.parameterCount() + 256 * 32); // the head's as well
            assertThatThrownBy(stage::beginSum).isInstanceOf(IllegalStateException.class);
            forwardLoss(stage, part);
            assertThatThrownBy(() -> stage.backward(0, null))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("they must be applied or zeroed");
            stage.abandon();
            stage.zeroGradients();
            assertThat(stage.beginSum()).isEqualTo(numbers);
            stage.prepare(null);
            stage.apply(1, ADAMW);
            assertThat(stage.beginSum()).isEqualTo(numbers);
        }
    }

    private static void forwardLoss(Stage stage, MicroBatch part) throws InterruptedException {
        stage.forwardLoss(0, part.inputs().toTensor(), part.labels().toTensor(), part.labelCount());
    }

    @Test
    void parts_of_a_sum_are_read_and_written_over_the_bounds_of_tensors() throws Exception {
        try (var stage = alone(model())) {
            var part = batch(1).split(1).getFirst();
            forwardLoss(stage, part);
            stage.backward(0, null);
            int numbers = (int) stage.beginSum();
            try (var whole = stage.readSum(0, numbers);
                    var middle = stage.readSum(1000, numbers - 2000)) {
                assertThat(middle.floatAt(0)).isEqualTo(whole.floatAt(1000));
                middle.add(middle);
                stage.writeSum(1000, middle.rows(0, numbers - 2000));
                try (var after = stage.readSum(0, numbers)) {
                    for (int i = 0; i < numbers; i++) {
                        boolean doubled = i >= 1000 && i < numbers - 1000;
                        assertThat(after.floatAt(i))
                                .isEqualTo(whole.floatAt(i) * (doubled ? 2 : 1));
                    }
                }
            }
            assertThatThrownBy(() -> stage.readSum(numbers, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gradients: 1 numbers from %d of %d", numbers, numbers);
            assertThatThrownBy(() -> stage.readSum(-1, 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> stage.writeSum(0, Tensor.ofLongs(Shape.of(1), 1)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
