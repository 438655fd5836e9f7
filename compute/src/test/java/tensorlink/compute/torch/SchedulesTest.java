package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LayerRange;
import tensorlink.compute.LocalRun;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.schedule.Simulation;
import tensorlink.compute.schedule.Step;
import tensorlink.compute.tensor.Tensor;

class SchedulesTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW ADAMW = AdamW.lr(1e-3);

    @ParameterizedTest
    @CsvSource({
        "GPIPE, 2, 1, 4",
        "ONE_F_ONE_B, 4, 1, 6",
        "INTERLEAVED, 2, 2, 4",
        "ZB_H1, 2, 1, 4",
        "ZB_H1, 4, 1, 5"
    })
    void every_schedule_gives_the_bits_of_one_process(
            Schedule schedule, int workers, int chunks, int microBatches) throws Exception {
        var model = Model.load(Goldens.folder("llama"));

        var pipelined = train(model, schedule, new PipelineShape(workers, chunks, microBatches));

        assertThat(pipelined).isEqualTo(wholeTrained(model, microBatches));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "qwen3", "gemma2", "gpt2", "gpt-neox", "phi3", "bert-mlm"})
    void backwards_in_two_parts_give_the_bits_of_whole_ones_in_every_family(String name)
            throws Exception {
        var model = Model.load(Goldens.folder(name)).withoutDropout();

        var pipelined = train(model, Schedule.ZB_H1, new PipelineShape(2, 3));

        assertThat(pipelined).isEqualTo(wholeTrained(model, 3));
    }

    @Test
    void half_a_backward_is_no_gradient() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var parts = batch(model.config(), 2).split(2);
        var split = TrainingOptions.defaults().withSchedule(Schedule.ZB_H1);
        long before = ENGINE.arrays();
        try (var stage = open(model, model.config().allLayers(), split);
                var plain = open(model, model.config().allLayers(), TrainingOptions.defaults())) {
            forwardLoss(stage, parts.getFirst());

            assertThatThrownBy(() -> stage.weightGradients(0))
                    .hasMessage("micro-batch 0 has no input gradient yet");
            stage.inputGradient(0, null);
            assertThatThrownBy(() -> stage.inputGradient(0, null))
                    .hasMessage("micro-batch 0 has its input gradient");
            assertThatThrownBy(() -> stage.prepare(null))
                    .hasMessage("the weight gradients of 1 micro-batches are still to come");
            stage.abandon();
            assertThatThrownBy(() -> stage.prepare(null)).hasMessageContaining("must be zeroed");
            stage.zeroGradients();
            assertThat(stage.prepare(null)).isNotNull();
            assertThatThrownBy(() -> plain.inputGradient(0, null))
                    .hasMessage("the stage was not opened for backwards in two parts");
        }
        assertThat(ENGINE.arrays()).isEqualTo(before);
    }

    @Test
    void backwards_in_two_parts_may_compute_again_what_was_not_kept() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var shape = new PipelineShape(2, 4);
        var how = TrainingOptions.defaults().withSchedule(Schedule.ZB_H1).withRecompute(true);

        assertThat(train(model, how, shape)).isEqualTo(wholeTrained(model, 4));
    }

    private static Digest train(Model model, Schedule schedule, PipelineShape shape)
            throws Exception {
        return train(model, TrainingOptions.defaults().withSchedule(schedule), shape);
    }

    /** Two steps of all stages, which take turns as the simulation finds they can. */
    private static Digest train(Model model, TrainingOptions how, PipelineShape shape)
            throws Exception {
        var parts = batch(model.config(), shape.microBatches()).split(shape.microBatches());
        var simulated =
                Simulation.run(shape, how.schedule().steps(shape), Simulation.Costs.even(1, 1, 1));
        assertThat(simulated).isInstanceOf(Simulation.Outcome.Done.class);
        var order = ((Simulation.Outcome.Done) simulated).order();
        var stages = new ArrayList<Stage>();
        try {
            for (var range : LayerRange.even(model.config().layers(), shape.stages())) {
                stages.add(open(model, range, how));
            }
            for (int step = 1; step <= 2; step++) {
                for (var stage : stages) {
                    stage.zeroGradients();
                }
                Map<String, Tensor> sent = new HashMap<>();
                for (var turn : order) {
                    int s = turn.step().chunk() * shape.workers() + turn.worker();
                    run(stages.get(s), s, turn.step(), parts, sent);
                }
                assertThat(sent).isEmpty();
                var ofFirst = stages.getFirst().tiedGradient();
                var ofLast = stages.getLast().tiedGradient();
                for (var stage : stages) {
                    stage.prepare(stage.first() ? ofLast : stage.last() ? ofFirst : null);
                }
                for (var stage : stages) {
                    stage.apply(step, ADAMW);
                }
            }
            Map<String, Digest> digests = new HashMap<>();
            for (var stage : stages) {
                digests.putAll(stage.digests());
            }
            return Digest.ofAll(digests);
        } finally {
            stages.forEach(Stage::close);
        }
    }

    private static void run(
            Stage stage, int s, Step step, List<MicroBatch> parts, Map<String, Tensor> sent)
            throws Exception {
        int m = step.microBatch();
        switch (step) {
            case Step.Forward _ -> {
                var input =
                        stage.first() ? parts.get(m).inputs().toTensor() : taken(sent, s + "<" + m);
                if (stage.last()) {
                    var labels = parts.get(m).labels().toTensor();
                    stage.forwardLoss(m, input, labels, parts.get(m).labelCount());
                } else {
                    sent.put((s + 1) + "<" + m, stage.forward(m, input));
                }
            }
            case Step.Backward _ -> {
                var gradient = stage.backward(m, sent.remove(s + ">" + m));
                if (gradient != null) {
                    sent.put((s - 1) + ">" + m, gradient);
                }
            }
            case Step.InputGradient _ -> {
                var gradient = stage.inputGradient(m, sent.remove(s + ">" + m));
                if (gradient != null) {
                    sent.put((s - 1) + ">" + m, gradient);
                }
            }
            case Step.WeightGradient _ -> stage.weightGradients(m);
        }
    }

    private static Tensor taken(Map<String, Tensor> sent, String key) {
        return Objects.requireNonNull(sent.remove(key), key);
    }

    private static Digest wholeTrained(Model model, int microBatches) throws Exception {
        var batch = batch(model.config(), microBatches);
        try (var run = LocalRun.open(ENGINE, model, 1, StageOptions.forTraining(1))) {
            for (int step = 1; step <= 2; step++) {
                run.zeroGradients();
                run.forwardBackward(batch, microBatches);
                run.step(ADAMW);
            }
            return run.weightsDigest();
        }
    }

    private static Stage open(Model model, LayerRange layers, TrainingOptions how)
            throws Exception {
        return ENGINE.open(
                model.config(), layers, model.weights(), StageOptions.forTraining(how, 1));
    }

    private static void forwardLoss(Stage stage, MicroBatch part) throws Exception {
        stage.forwardLoss(
                part.index(),
                part.inputs().toTensor(),
                part.labels().toTensor(),
                part.labelCount());
    }

    private static Batch batch(ModelConfig config, int rows) {
        var random = new Random(rows);
        var ids = new long[rows][12];
        for (var row : ids) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextInt(config.vocabulary());
            }
        }
        return new Batch(Tokens.of(ids), Tokens.of(ids), config.task().kind());
    }
}
