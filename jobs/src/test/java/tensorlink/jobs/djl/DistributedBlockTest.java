package tensorlink.jobs.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.optim.Sgd;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** Training loops as the Deep Java Library has them, of models whose layers live on workers. */
class DistributedBlockTest {
    private static final int ROWS = 8;
    private static final int WIDTH = 6;
    private static final int CLASSES = 3;

    @TempDir private Path folder;

    @Test
    void a_loop_of_the_library_learns_what_a_run_in_this_process_does() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var start = tensorlink.compute.Model.initialize(graph(CLASSES), 5);
            var rule = Sgd.lr(0.5);
            try (var distributed = lab.user().create(start, options(), JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forTraining(1));
                    var model = Model.newInstance("remote", "PyTorch")) {
                var block = new DistributedBlock(distributed);
                model.setBlock(block);
                try (var trainer =
                        new DistributedTrainer(model, how(), block, distributed.optimizer(rule))) {
                    trainer.initialize(new Shape(ROWS, WIDTH));
                    for (int step = 1; step <= 10; step++) {
                        float loss = step(trainer, distributed, step);
                        var batch = batch(step);
                        alone.zeroGradients();

                        assertThat(loss)
                                .as("step %s", step)
                                .isCloseTo(alone.forwardBackward(batch, 2), within(1e-5f));
                        alone.step(rule);
                    }
                    assertThatThrownBy(trainer::step)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage("a step without a forward in training");
                    assertThat(predicted(trainer))
                            .isEqualTo(
                                    distributed.model().architecture().resultShape(ROWS, 1).axes());
                }

                for (var parameter : distributed.namedParameters().values()) {
                    try (var here = alone.parameter(parameter.name());
                            var there = parameter.value()) {
                        for (long i = 0; i < here.elements(); i++) {
                            assertThat(there.floatAt(i)).isCloseTo(here.floatAt(i), within(1e-4f));
                        }
                    }
                }
            }
        }
    }

    @Test
    void a_head_of_the_librarys_own_is_trained_here_together_with_the_body_there()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var start = tensorlink.compute.Model.initialize(graph(5), 5);
            try (var distributed = lab.user().create(start, options(), JobListener.silent());
                    var model = Model.newInstance("mixed", "PyTorch")) {
                var before = distributed.weightsDigest();
                var block = new DistributedBlock(distributed);
                var whole = new SequentialBlock();
                whole.add(block);
                whole.add(Linear.builder().setUnits(CLASSES).build());
                model.setBlock(whole);
                try (var trainer =
                        new DistributedTrainer(
                                model, how(), block, distributed.optimizer(Sgd.lr(0.5)))) {
                    trainer.initialize(new Shape(ROWS, WIDTH));
                    float first = step(trainer, distributed, 1);
                    float last = first;
                    for (int turn = 0; turn < 30; turn++) {
                        last = step(trainer, distributed, 1);
                    }

                    assertThat(last).isLessThan(first / 2);
                    assertThat(distributed.weightsDigest()).isNotEqualTo(before);
                }
            }
        }
    }

    private static float step(Trainer trainer, DistributedModel distributed, int seed)
            throws Exception {
        var batch = batch(seed);
        try (var manager = trainer.getManager().newSubManager()) {
            var data = manager.create(pixels(batch), new Shape(ROWS, WIDTH));
            var labels = manager.create(classes(batch), new Shape(ROWS));
            float value;
            try (var collector = trainer.newGradientCollector()) {
                var given = trainer.forward(new NDList(data));
                NDArray loss = trainer.getLoss().evaluate(new NDList(labels), given);
                collector.backward(loss);
                value = loss.toFloatArray()[0];
            }
            trainer.step();
            distributed.digests(); // has the workers of this process at rest
            return value;
        }
    }

    private static java.util.List<Long> predicted(Trainer trainer) {
        try (var manager = trainer.getManager().newSubManager()) {
            var data = manager.create(pixels(batch(1)), new Shape(ROWS, WIDTH));
            var shape = trainer.evaluate(new NDList(data)).head().getShape();
            return java.util.stream.LongStream.of(shape.getShape()).boxed().toList();
        }
    }

    private static JobOptions options() {
        return JobOptions.training().workers(2).batch(ROWS, 1).microBatches(2);
    }

    private static DefaultTrainingConfig how() {
        return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(
                        ai.djl.training.optimizer.Optimizer.sgd()
                                .setLearningRateTracker(Tracker.fixed(0.5f))
                                .build());
    }

    private static LayerGraph graph(int outputs) {
        var graph = LayerGraph.builder();
        var x = graph.linear("in", graph.input("x", WIDTH), 12);
        x = graph.activation("act", x, Operator.Activation.Function.TANH);
        graph.linear("out", x, outputs);
        return graph.build(GraphLoss.CROSS_ENTROPY);
    }

    /** The class is where the largest of the first numbers is. */
    private static Batch batch(int seed) {
        var random = new Random(seed);
        var values = new float[ROWS * WIDTH];
        var labels = new long[ROWS][1];
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < WIDTH; i++) {
                values[row * WIDTH + i] = (float) random.nextGaussian();
                if (i < CLASSES
                        && values[row * WIDTH + i] > values[row * WIDTH + (int) labels[row][0]]) {
                    labels[row][0] = i;
                }
            }
        }
        return new Batch(Values.of(WIDTH, values), Tokens.of(labels), Task.Kind.GRAPH);
    }

    private static float[] pixels(Batch batch) {
        try (var tensor = batch.inputs().toTensor()) {
            var values = new float[ROWS * WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.floatAt(i);
            }
            return values;
        }
    }

    private static long[] classes(Batch batch) {
        try (var tensor = batch.labels().toTensor()) {
            var values = new long[ROWS];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.longAt(i);
            }
            return values;
        }
    }
}
