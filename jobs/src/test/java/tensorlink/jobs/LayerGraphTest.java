package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.Values;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.Shape;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** Models of the user's own, over workers that have only their description. */
class LayerGraphTest {
    private static final int SIDE = 8;
    private static final int CLASSES = 4;

    @TempDir private Path folder;

    @Test
    void learns_digits_on_two_workers_to_the_bits_of_one_process() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var model = Model.initialize(convolutional(), 7);
            var options = JobOptions.training().workers(2).batch(16, 1).microBatches(2);
            var rule = AdamW.lr(1e-2);

            try (var distributed = lab.user().create(model, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(1))) {
                float first = alone.evaluate(digits(0), 2);
                train(distributed, alone, rule, 20);

                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(alone.evaluate(digits(0), 2)).isLessThan(first / 2);
                assertThatThrownBy(() ->
                                distributed.forward(
                                        Values.of(3, 1, 2, 3), Tokens.of(new long[] {0})))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("inputs: expected rows of 64 values, got 1 x 3 values");
            }
        }
    }

    @Test
    void takes_the_gradient_of_a_loss_of_its_users_own_to_the_bits_of_one_process()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var model = Model.initialize(convolutional(), 7);
            var options = JobOptions.training().workers(2).batch(16, 1).microBatches(2);
            var rule = AdamW.lr(1e-2);
            var inputs = digits(1).inputs();

            try (var distributed = lab.user().create(model, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(1));
                    var here = alone.forward(inputs, 2);
                    var there = distributed.forward(inputs)) {
                assertThat(there.tensor().shape()).isEqualTo(Shape.of(16, CLASSES));
                assertThat(there.tensor().data().mismatch(here.data())).isEqualTo(-1);

                // Half the sum of squares has the outputs themselves as its gradient.
                there.backward(here);
                alone.backward(here);
                distributed.optimizer(rule).step();
                alone.step(rule);

                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
        }
    }

    @Test
    void batch_norms_shared_weights_and_backwards_in_two_parts_cross_the_network_bit_by_bit()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var model = Model.initialize(normal(), 7);
            var zeroBubble = TrainingOptions.defaults().withSchedule(Schedule.ZB_H1);
            var options =
                    JobOptions.training().workers(2).batch(16, 1).microBatches(2).how(zeroBubble);
            var rule = AdamW.lr(1e-2);

            try (var distributed = lab.user().create(model, options, JobListener.silent());
                    var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(1))) {
                train(distributed, alone, rule, 3);
                var held = digits(0);

                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(distributed.evaluate(held.inputs(), held.labels()))
                        .isEqualTo(alone.evaluate(held, 2));
                assertThat(distributed.report().stages()).hasSize(2);
            }
        }
    }

    @Test
    void a_lost_worker_leaves_running_statistics_as_if_nothing_had_happened() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            var faults = Faults.midway(Faults.Point.PREPARED, false);
            for (int i = 0; i < 3; i++) {
                lab.worker(faults);
            }
            var model = Model.initialize(normal(), 7);
            var options =
                    JobOptions.training()
                            .workers(2)
                            .batch(16, 1)
                            .microBatches(2)
                            .checkpointEvery(2);
            var recoveries = new ArrayList<Recovered>();
            var listener =
                    new JobListener() {
                        @Override
                        public void recovered(Recovered event) {
                            recoveries.add(event);
                        }
                    };
            var rule = AdamW.lr(1e-2);

            try (var distributed = lab.user().create(model, options, listener);
                    var alone = LocalRun.open(Lab.ENGINE, model, 1, StageOptions.forTraining(1))) {
                train(distributed, alone, rule, 6);

                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(recoveries).hasSize(1);
            }
        }
    }

    /** Takes the same steps with both, which have the same losses. */
    private static void train(DistributedModel distributed, LocalRun alone, AdamW rule, int steps)
            throws Exception {
        var optimizer = distributed.optimizer(rule);
        for (int step = 1; step <= steps; step++) {
            var batch = digits(step);
            optimizer.zeroGrad();
            alone.zeroGradients();
            var loss = distributed.forward(batch.inputs(), batch.labels());
            loss.backward();
            optimizer.step();

            assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
            alone.step(rule);
        }
    }

    /** A stem with a batch norm, one linear node used twice, another batch norm. */
    private static LayerGraph normal() {
        var graph = LayerGraph.builder();
        var x = graph.conv2d("stem", graph.input("image", 1, SIDE, SIDE), 4, 3, 2, 1);
        x = graph.activation("act", graph.batchNorm("bn1", x), Operator.Activation.Function.RELU);
        x = graph.linear("mix", graph.flatten("flat", x), 64);
        x = graph.activation("tanh", x, Operator.Activation.Function.TANH);
        x = graph.sharing("again", new Operator.Linear(64, true), "mix", x);
        graph.linear("head", graph.batchNorm("bn2", x), CLASSES);
        return graph.build(GraphLoss.CROSS_ENTROPY);
    }

    private static LayerGraph convolutional() {
        var graph = LayerGraph.builder();
        var x = graph.conv2d("stem", graph.input("image", 1, SIDE, SIDE), 6, 3, 1, 1);
        x = graph.activation("stem.act", x, Operator.Activation.Function.RELU);
        var y = graph.conv2d("inner", x, 6, 3, 1, 1);
        x = graph.maxPool2d("pool", graph.add("sum", x, y), 2);
        graph.linear("head", graph.flatten("flat", x), CLASSES);
        return graph.build(GraphLoss.CROSS_ENTROPY);
    }

    /** Bars, standing or lying, in the first or the second half, with noise. */
    private static Batch digits(long seed) {
        var random = new Random(seed);
        int rows = 16;
        var pixels = new float[rows * SIDE * SIDE];
        var labels = new long[rows][1];
        for (int row = 0; row < rows; row++) {
            int kind = random.nextInt(CLASSES);
            int line = random.nextInt(SIDE / 2) + kind / 2 * SIDE / 2;
            labels[row][0] = kind;
            for (int i = 0; i < SIDE * SIDE; i++) {
                boolean lit = (kind % 2 == 0 ? i / SIDE : i % SIDE) == line;
                pixels[row * SIDE * SIDE + i] = (lit ? 1 : 0) + 0.1f * random.nextFloat();
            }
        }
        return new Batch(Values.of(SIDE * SIDE, pixels), Tokens.of(labels), Task.Kind.GRAPH);
    }
}
