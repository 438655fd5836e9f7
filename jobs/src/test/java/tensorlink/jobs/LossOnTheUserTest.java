package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Faults.Point;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** Trainings whose loss the user computes of the model's outputs, beside one process. */
@Timeout(120)
class LossOnTheUserTest {
    private static final int STEPS = 5;
    private static final JobOptions OPTIONS =
            JobOptions.training().workers(2).batch(4, 16).microBatches(2).checkpointEvery(2);

    @TempDir private Path folder;
    private Lab lab;

    /** What a training comes to. */
    private record Result(List<Float> losses, Digest weights) {}

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        lab.validator();
    }

    @AfterEach
    void close() throws IOException {
        lab.assertNothingIsLeft();
        lab.close();
    }

    private static Tokens tokens(long seed) {
        return Lab.batch(seed).inputs().tokens();
    }

    /** The mean cross entropy of next tokens, written as a user would; fills in its gradient. */
    private static float crossEntropy(Tensor logits, Tokens tokens, Tensor gradient) {
        int vocabulary = (int) logits.shape().axis(2);
        double count = (double) tokens.rows() * (tokens.length() - 1);
        double loss = 0;
        for (int row = 0; row < tokens.rows(); row++) {
            for (int t = 0; t + 1 < tokens.length(); t++) {
                long at = ((long) row * tokens.length() + t) * vocabulary;
                double largest = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < vocabulary; i++) {
                    largest = Math.max(largest, logits.floatAt(at + i));
                }
                double sum = 0;
                for (int i = 0; i < vocabulary; i++) {
                    sum += StrictMath.exp(logits.floatAt(at + i) - largest);
                }
                int next = (int) tokens.at(row, t + 1);
                loss += (StrictMath.log(sum) + largest - logits.floatAt(at + next)) / count;
                for (int i = 0; i < vocabulary; i++) {
                    double share = StrictMath.exp(logits.floatAt(at + i) - largest) / sum;
                    gradient.setFloat(at + i, (float) ((share - (i == next ? 1 : 0)) / count));
                }
            }
        }
        return (float) loss;
    }

    private static Tensor zerosLike(Tensor other) {
        return Tensor.allocate(DType.F32, other.shape());
    }

    private static List<Float> train(DistributedModel model, int from, int to) throws Exception {
        var optimizer = model.optimizer(AdamW.lr(1e-2));
        var losses = new ArrayList<Float>();
        for (int step = from; step <= to; step++) {
            optimizer.zeroGrad();
            losses.add(accumulate(model, step));
            optimizer.step();
        }
        return losses;
    }

    private static float accumulate(DistributedModel model, long seed) throws Exception {
        try (var outputs = model.forward(tokens(seed));
                var gradient = zerosLike(outputs.tensor())) {
            float loss = crossEntropy(outputs.tensor(), tokens(seed), gradient);
            outputs.backward(gradient);
            return loss;
        }
    }

    private static LocalRun alone() throws Exception {
        return LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1));
    }

    private static float accumulate(LocalRun alone, long seed) throws Exception {
        try (var outputs = alone.forward(tokens(seed), 2);
                var gradient = zerosLike(outputs)) {
            float loss = crossEntropy(outputs, tokens(seed), gradient);
            alone.backward(gradient);
            return loss;
        }
    }

    private static Result undisturbed() throws Exception {
        try (var alone = alone()) {
            var losses = new ArrayList<Float>();
            for (int step = 1; step <= STEPS; step++) {
                alone.zeroGradients();
                losses.add(accumulate(alone, step));
                alone.step(AdamW.lr(1e-2));
            }
            return new Result(losses, alone.weightsDigest());
        }
    }

    @Test
    void a_users_cross_entropy_trains_as_the_built_in_one() throws Exception {
        lab.worker();
        lab.worker();
        var rule = Sgd.lr(0.5);
        try (var model = lab.user().create(Lab.model(), OPTIONS, JobListener.silent());
                var builtIn = alone()) {
            var optimizer = model.optimizer(rule);
            for (int step = 1; step <= 3; step++) {
                optimizer.zeroGrad();
                float loss = accumulate(model, step);
                optimizer.step();
                builtIn.zeroGradients();
                float expected = builtIn.forwardBackward(Lab.batch(step), 2);
                builtIn.step(rule);

                assertThat(loss).as("loss of step " + step).isCloseTo(expected, within(1e-5f));
            }
            for (var name : model.namedParameters().keySet()) {
                try (var ours = model.parameter(name);
                        var theirs = builtIn.parameter(name)) {
                    for (long i = 0; i < ours.elements(); i++) {
                        assertThat(ours.floatAt(i))
                                .as(name)
                                .isCloseTo(theirs.floatAt(i), within(1e-5f));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void any_split_gives_the_bits_of_one_process(int workers) throws Exception {
        for (int i = 0; i < workers; i++) {
            lab.worker();
        }
        var options = OPTIONS.workers(workers);
        try (var model = lab.user().create(Lab.model(), options, JobListener.silent())) {
            var losses = train(model, 1, STEPS);

            assertThat(new Result(losses, model.weightsDigest())).isEqualTo(undisturbed());
        }
    }

    @ParameterizedTest
    @MethodSource("tensorlink.jobs.lab.Faults#everywhere")
    void a_worker_killed_anywhere_costs_time_and_no_bit(Point point, boolean lastStage)
            throws Exception {
        var faults = Faults.midway(point, lastStage);
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var recoveries = new ArrayList<Recovered>();
        var listener =
                new JobListener() {
                    @Override
                    public void recovered(Recovered event) {
                        recoveries.add(event);
                    }
                };

        try (var model = lab.user().create(Lab.model(), OPTIONS, listener)) {
            var losses = train(model, 1, STEPS);

            assertThat(new Result(losses, model.weightsDigest())).isEqualTo(undisturbed());
        }
        assertThat(recoveries).hasSize(1);
    }

    @Test
    void a_user_that_is_gone_goes_on_from_its_folder_in_another_process() throws Exception {
        lab.worker();
        lab.worker();
        var options = OPTIONS.checkpointEvery(2).keptIn(folder.resolve("training"));
        var party = lab.party();
        var shortly = options.patience(Duration.ZERO).lifetime(Duration.ofSeconds(10));
        var lost = lab.user(party).create(Lab.model(), shortly, JobListener.silent());
        var losses = new ArrayList<>(train(lost, 1, 4));
        party.host().close();

        try (var model = comesAgain(options)) {
            losses.addAll(train(model, 5, STEPS));

            assertThat(new Result(losses, model.weightsDigest())).isEqualTo(undisturbed());
        }
        lost.close();
    }

    /** Workers notice within a moment that the user is gone, and are free again. */
    private DistributedModel comesAgain(JobOptions options) throws Exception {
        var user = lab.user();
        while (true) {
            try {
                return user.create(Lab.model(), options, JobListener.silent());
            } catch (JobException busy) {
                assertThat(busy.code()).isEqualTo(ProblemCode.NO_CAPACITY);
            }
        }
    }

    @Test
    void gradients_of_both_kinds_of_loss_add_up_until_they_are_dropped() throws Exception {
        lab.worker();
        lab.worker();
        try (var model = lab.user().create(Lab.model(), OPTIONS, JobListener.silent());
                var alone = alone()) {
            var optimizer = model.optimizer(AdamW.lr(1e-2));
            accumulate(model, 1);
            optimizer.zeroGrad();
            accumulate(model, 2);
            model.forward(tokens(3), tokens(3)).backward();
            try (var outputs = model.forward(tokens(4));
                    var gradient = zerosLike(outputs.tensor())) {
                crossEntropy(outputs.tensor(), tokens(4), gradient);
                optimizer.zeroGrad(); // after the forwards, which kept older gradients
                outputs.backward(gradient);
            }
            accumulate(model, 5);
            optimizer.step();

            accumulate(alone, 4);
            accumulate(alone, 5);
            alone.step(AdamW.lr(1e-2));
            assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
        }
    }

    @Test
    void a_gradient_that_does_not_fit_is_refused_before_anything_is_sent() throws Exception {
        lab.worker();
        lab.worker();
        try (var model = lab.user().create(Lab.model(), OPTIONS, JobListener.silent());
                var outputs = model.forward(tokens(1));
                var gradient = zerosLike(outputs.tensor());
                var narrow = Tensor.allocate(DType.F32, Shape.of(4, 16, 255));
                var whole = Tensor.allocate(DType.I64, Shape.of(4, 16, 256))) {
            long before = model.bytesOnTheWire();

            assertThatThrownBy(() -> outputs.backward(narrow))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gradient F32 [4, 16, 255], expected F32 [4, 16, 256]");
            assertThatThrownBy(() -> outputs.backward(whole))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gradient I64 [4, 16, 256], expected F32 [4, 16, 256]");
            for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
                gradient.setFloat(300, bad);
                assertThatThrownBy(() -> outputs.backward(gradient))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("gradient F32 [4, 16, 256]: " + bad + " at element 300");
            }
            assertThat(model.bytesOnTheWire()).isEqualTo(before);

            gradient.setFloat(300, 0.5f);
            outputs.backward(gradient);
            model.optimizer(AdamW.lr(1e-2)).step();
        }
    }

    @Test
    void backward_is_called_once_and_in_turn_and_not_in_evaluation() throws Exception {
        lab.worker();
        lab.worker();
        try (var model = lab.user().create(Lab.model(), OPTIONS, JobListener.silent());
                var first = model.forward(tokens(1));
                var second = model.forward(tokens(2));
                var gradient = zerosLike(first.tensor())) {
            assertThatThrownBy(() -> first.backward(gradient))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("another batch has come since");
            second.backward(gradient);
            assertThatThrownBy(() -> second.backward(gradient))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("called before");

            model.eval();
            try (var third = model.forward(tokens(1))) {
                assertThat(third.tensor().data().mismatch(first.tensor().data())).isEqualTo(-1);
                assertThatThrownBy(() -> third.backward(gradient))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("in evaluation");
            }
        }
    }
}
