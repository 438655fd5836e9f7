package tensorlink.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Sampling;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.BatchWork.Mode;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.core.ProtocolViolation;

/** One stage's loop between streams that the test holds the other ends of. */
@Timeout(60)
class StageRunnerTest {
    private static final Problem OVER = new Problem(ProblemCode.ENDED, "over", "the test ends", "");

    @TempDir private Path folder;
    private Lab lab;
    private final List<Stage> stages = new ArrayList<>();

    @BeforeEach
    void open() {
        lab = new Lab(folder, Patience.enough());
    }

    @AfterEach
    void close() throws IOException {
        stages.forEach(Stage::close);
        lab.assertNothingIsLeft();
        lab.close();
    }

    /** A runner at one place of two, and the far ends of its two streams. */
    private record Setup(
            Stage stage, StageRunner runner, FrameStream before, FrameStream after, Thread loop) {}

    private Setup first() throws Exception {
        return setup(0, new LayerRange(0, 1), Schedule.ONE_F_ONE_B);
    }

    private Setup last() throws Exception {
        return setup(1, new LayerRange(1, 3), Schedule.ONE_F_ONE_B);
    }

    private Setup setup(int index, LayerRange layers, Schedule schedule) throws Exception {
        var model = Lab.model();
        var stage =
                Lab.ENGINE.open(
                        model.config(),
                        layers,
                        model.weights(),
                        StageOptions.forTraining(
                                TrainingOptions.defaults().withSchedule(schedule), 1));
        stages.add(stage);
        var before = pair();
        var after = pair();
        var scheduler = lab.scheduler();
        var toAfter = Outbox.start(scheduler, "after", after.getFirst(), 4, _ -> {});
        boolean last = index == 1;
        var neighbours =
                new StageRunner.Neighbours(
                        last
                                ? Outbox.start(scheduler, "before", before.getFirst(), 4, _ -> {})
                                : null,
                        last ? null : toAfter,
                        last ? toAfter : null,
                        null,
                        Map.of());
        var runner =
                new StageRunner(
                        stage,
                        new StageRunner.Place(new Grid(1, 2), index, schedule),
                        new Workload(2, 16, 3),
                        neighbours,
                        scheduler);
        scheduler.fork("input", () -> read(() -> runner.readInput(before.getFirst())));
        scheduler.fork(
                "output",
                () ->
                        read(() -> {
                            if (last) {
                                runner.readOutput(after.getFirst());
                            } else {
                                runner.readGradients(after.getFirst());
                            }
                        }));
        var loop = scheduler.fork("loop", runner::run);
        return new Setup(stage, runner, before.getLast(), after.getLast(), loop);
    }

    private interface Reading {
        void read() throws IOException, InterruptedException;
    }

    private static void read(Reading reading) {
        try {
            reading.read();
        } catch (IOException ended) {
            // as streams end
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Two ends of a stream, the first for the runner. */
    private List<FrameStream> pair() throws Exception {
        var ends = lab.stream();
        return List.of(
                new FrameStream(ends.opened(), 1 << 20), new FrameStream(ends.came(), 1 << 20));
    }

    private static void end(Setup setup) throws InterruptedException {
        setup.runner().fail(OVER);
        setup.loop().join();
        setup.before().reset();
        setup.after().reset();
    }

    private static BatchWork work(Mode mode, int microBatches) {
        return new BatchWork(mode, microBatches, true, 15L * microBatches, 0, 0, null);
    }

    private static BatchWork.Generation generation(long session, int position) {
        return new BatchWork.Generation(session, position, 16, Sampling.greedy());
    }

    private static TensorFrame tokens(long batch, int m, BatchWork work) {
        return new TensorFrame.Activation(batch, m, work, ids());
    }

    private static TensorFrame hidden(long batch, int m, BatchWork work) {
        return new TensorFrame.Activation(batch, m, work, states());
    }

    private static Tensor ids() {
        return Tensor.allocate(DType.I64, Shape.of(1, 16));
    }

    private static Tensor states() {
        var tensor = Tensor.allocate(DType.F32, Shape.of(1, 16, 32));
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, i % 7 - 3);
        }
        return tensor;
    }

    private static <F extends TensorFrame> F next(FrameStream stream, Class<F> kind)
            throws IOException, InterruptedException {
        var frame = stream.receive();
        frame.close();
        assertThat(frame).isInstanceOf(kind);
        return kind.cast(frame);
    }

    @Test
    void the_first_stage_runs_one_forward_ahead_and_then_waits_for_gradients() throws Exception {
        var setup = first();
        var work = work(Mode.TRAIN, 3);
        for (int m = 0; m < 3; m++) {
            setup.before().send(tokens(1, m, work));
        }

        assertThat(next(setup.after(), TensorFrame.Activation.class).microBatch()).isZero();
        assertThat(next(setup.after(), TensorFrame.Activation.class).microBatch()).isOne();
        setup.after().send(new TensorFrame.Gradient(1, 0, states()));
        assertThat(next(setup.after(), TensorFrame.Activation.class).microBatch()).isEqualTo(2);
        setup.after().send(new TensorFrame.Gradient(1, 1, states()));
        setup.after().send(new TensorFrame.Gradient(1, 2, states()));

        setup.runner().prepare(1, 1);
        assertThat(setup.runner().usage()).isEqualTo(3L * 16 * 3);
        end(setup);
    }

    @Test
    void the_last_stage_sends_each_gradient_right_after_its_loss() throws Exception {
        var setup = last();
        var work = work(Mode.TRAIN, 2);
        for (int m = 0; m < 2; m++) {
            setup.before().send(hidden(1, m, work));
        }
        setup.after().send(new TensorFrame.Labels(1, 0, ids()));

        assertThat(next(setup.after(), TensorFrame.Loss.class).microBatch()).isZero();
        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isZero();
        setup.after().send(new TensorFrame.Labels(1, 1, ids()));
        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isOne();
        end(setup);
    }

    @Test
    void under_zero_bubble_the_last_stage_begins_the_next_forward_before_it_ends_a_backward()
            throws Exception {
        var setup = setup(1, new LayerRange(1, 3), Schedule.ZB_H1);
        var work = work(Mode.TRAIN, 2);
        setup.before().send(hidden(1, 0, work));
        setup.after().send(new TensorFrame.Labels(1, 0, ids()));

        next(setup.before(), TensorFrame.Gradient.class);
        assertThatThrownBy(() -> setup.stage().prepare(null))
                .hasMessage("the weight gradients of 1 micro-batches are still to come");
        setup.before().send(hidden(1, 1, work));
        setup.after().send(new TensorFrame.Labels(1, 1, ids()));

        next(setup.before(), TensorFrame.Gradient.class);
        setup.runner().prepare(1, 1);
        end(setup);
    }

    @Test
    void backwards_on_call_wait_until_they_are_asked_for() throws Exception {
        var setup = last();
        var work = work(Mode.TRAIN_ON_CALL, 2);
        for (int m = 0; m < 2; m++) {
            setup.before().send(hidden(1, m, work));
            setup.after().send(new TensorFrame.Labels(1, m, ids()));
        }
        next(setup.after(), TensorFrame.Loss.class);
        next(setup.after(), TensorFrame.Loss.class);
        assertThat(setup.runner().times().bytesSent()).as("bytes of gradients").isZero();

        setup.after().send(new TensorFrame.Seed(1, 0));
        setup.after().send(new TensorFrame.Seed(1, 1));

        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isZero();
        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isOne();
        end(setup);
    }

    @Test
    void the_user_gets_logits_and_sends_their_gradients_back() throws Exception {
        var setup = last();
        var work = new BatchWork(Mode.TRAIN_ON_GRADIENT, 2, true, 0, 0, 0, null);
        for (int m = 0; m < 2; m++) {
            setup.before().send(hidden(1, m, work));
        }
        assertThat(next(setup.after(), TensorFrame.Logits.class).microBatch()).isZero();
        assertThat(next(setup.after(), TensorFrame.Logits.class).microBatch()).isOne();

        for (int m = 0; m < 2; m++) {
            setup.after().send(new TensorFrame.Gradient(1, m, logits(16)));
        }

        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isZero();
        assertThat(next(setup.before(), TensorFrame.Gradient.class).microBatch()).isOne();
        setup.runner().prepare(1, 1);
        assertThat(setup.runner().usage()).isEqualTo(2L * 16 * 2 * 3);
        end(setup);
    }

    @Test
    void a_user_that_sends_a_gradient_of_another_shape_or_none_is_at_fault() throws Exception {
        var frames =
                List.of(
                        new TensorFrame.Gradient(1, 0, logits(15)),
                        new TensorFrame.Seed(1, 0),
                        new TensorFrame.Gradient(1, 1, logits(16)));
        for (var frame : frames) {
            var setup = last();
            var work = new BatchWork(Mode.TRAIN_ON_GRADIENT, 1, true, 0, 0, 0, null);
            setup.before().send(hidden(1, 0, work));
            next(setup.after(), TensorFrame.Logits.class);

            setup.after().send(frame);
            setup.loop().join();

            assertThat(setup.runner().failure().orElseThrow().code())
                    .as(frame.toString())
                    .isEqualTo(ProblemCode.MALFORMED);
            end(setup);
        }
    }

    private static Tensor logits(int length) {
        var tensor = Tensor.allocate(DType.F32, Shape.of(1, length, 256));
        tensor.setFloat(5, 1f);
        return tensor;
    }

    @Test
    void an_abandoned_batch_gives_no_gradients_and_the_next_batch_runs() throws Exception {
        var setup = last();
        setup.before().send(hidden(1, 0, work(Mode.TRAIN_ON_CALL, 1)));
        setup.after().send(new TensorFrame.Labels(1, 0, ids()));
        next(setup.after(), TensorFrame.Loss.class);

        setup.runner().abandon(1);
        setup.runner().settle(1);

        try (var gradient = setup.stage().gradient("model.norm.weight")) {
            for (int i = 0; i < gradient.elements(); i++) {
                assertThat(gradient.floatAt(i)).isZero();
            }
        }
        setup.before().send(hidden(2, 0, work(Mode.EVALUATE, 1)));
        setup.after().send(new TensorFrame.Labels(2, 0, ids()));
        assertThat(next(setup.after(), TensorFrame.Loss.class).batch()).isEqualTo(2);
        end(setup);
    }

    @Test
    void an_evaluation_costs_a_forward_and_sends_nothing_back() throws Exception {
        var setup = last();
        setup.before().send(hidden(1, 0, work(Mode.EVALUATE, 1)));
        setup.after().send(new TensorFrame.Labels(1, 0, ids()));

        next(setup.after(), TensorFrame.Loss.class);
        setup.runner().settle(1);

        assertThat(setup.runner().usage()).isEqualTo(16 * 2);
        assertThat(setup.runner().times().bytesSent()).isZero();
        end(setup);
    }

    @Test
    void a_generation_goes_on_in_its_cache_and_leaves_room_for_the_next() throws Exception {
        var setup = last();
        for (long session = 0; session < 5; session++) {
            for (int position = 0; position < 2; position++) {
                var generation = generation(session, position);
                var work = new BatchWork(Mode.GENERATE, 1, false, 0, 0, 0, generation);
                var one = Tensor.allocate(DType.F32, Shape.of(1, 1, 32));
                setup.before()
                        .send(new TensorFrame.Activation(session * 2 + position + 1, 0, work, one));
                next(setup.after(), TensorFrame.Token.class);
            }
            setup.runner().endSession(session);
        }
        end(setup);
    }

    @Test
    void more_generations_at_once_than_agreed_fail_the_stage() throws Exception {
        var setup = last();
        for (long session = 0; session < 4; session++) {
            var generation = generation(session, 0);
            var work = new BatchWork(Mode.GENERATE, 1, false, 0, 0, 0, generation);
            var one = Tensor.allocate(DType.F32, Shape.of(1, 1, 32));
            setup.before().send(new TensorFrame.Activation(session + 1, 0, work, one));
        }

        setup.loop().join();

        assertThat(setup.runner().failure().orElseThrow().why())
                .isEqualTo("generation: 3 caches are open, the most agreed");
        end(setup);
    }

    @Test
    void a_batch_waits_for_the_step_it_follows() throws Exception {
        var setup = last();
        setup.before().send(hidden(1, 0, work(Mode.TRAIN, 1)));
        setup.after().send(new TensorFrame.Labels(1, 0, ids()));
        next(setup.after(), TensorFrame.Loss.class);
        next(setup.before(), TensorFrame.Gradient.class);
        var after = new BatchWork(Mode.EVALUATE, 1, false, 15, 1, 0, null);
        setup.before().send(hidden(2, 0, after));
        setup.after().send(new TensorFrame.Labels(2, 0, ids()));
        setup.runner().prepare(1, 1);
        Eventually.until("the loop waits", () -> setup.loop().getState() == Thread.State.WAITING);

        setup.runner().commit(1, Update.of(AdamW.lr(1e-2)));

        assertThat(next(setup.after(), TensorFrame.Loss.class).batch()).isEqualTo(2);
        end(setup);
    }

    @Test
    void prepare_waits_for_the_backwards_of_its_batch_and_fails_with_the_stage() throws Exception {
        var setup = first();
        setup.before().send(tokens(1, 0, work(Mode.TRAIN, 1)));
        next(setup.after(), TensorFrame.Activation.class);
        var told = new Slot<String>();
        lab.scheduler()
                .fork(
                        "prepare",
                        () -> {
                            try {
                                setup.runner().prepare(1, 1);
                                told.fill("prepared");
                            } catch (ProtocolViolation unexpected) {
                                told.fill(String.valueOf(unexpected.getMessage()));
                            } catch (JobException failed) {
                                told.fill(failed.problem().why());
                            } catch (InterruptedException stopped) {
                                Thread.currentThread().interrupt();
                            }
                        });

        setup.runner().fail(OVER);

        assertThat(told.await()).isEqualTo("the test ends");
        end(setup);
    }

    @Test
    void a_gradient_of_another_shape_fails_the_stage_as_its_peers_fault() throws Exception {
        var setup = first();
        setup.before().send(tokens(1, 0, work(Mode.TRAIN, 1)));
        next(setup.after(), TensorFrame.Activation.class);

        setup.after()
                .send(
                        new TensorFrame.Gradient(
                                1, 0, Tensor.allocate(DType.F32, Shape.of(1, 15, 32))));
        setup.loop().join();

        assertThat(setup.runner().failure().orElseThrow().code()).isEqualTo(ProblemCode.MALFORMED);
        end(setup);
    }

    @Test
    void micro_batches_out_of_order_fail_the_stage() throws Exception {
        var gap = last();
        gap.before().send(hidden(1, 1, work(Mode.EVALUATE, 2)));
        gap.loop().join();
        assertThat(gap.runner().failure().orElseThrow().why())
                .isEqualTo("input: batch 1 begins with micro-batch 1");
        end(gap);

        var mixed = first();
        mixed.before().send(tokens(1, 0, work(Mode.EVALUATE, 2)));
        mixed.before().send(tokens(2, 1, work(Mode.EVALUATE, 2)));
        mixed.loop().join();
        assertThat(mixed.runner().failure().orElseThrow().why())
                .isEqualTo("input: micro-batch 1 of batch 2, expected 1 of 1");
        end(mixed);
    }

    @Test
    void a_batch_is_of_one_kind_from_its_first_micro_batch_to_its_last() throws Exception {
        var setup = first();
        setup.before().send(tokens(1, 0, work(Mode.EVALUATE, 2)));
        setup.before().send(tokens(1, 1, work(Mode.TRAIN, 2)));

        setup.loop().join();

        assertThat(setup.runner().failure().orElseThrow().why()).contains("the batch began with");
        end(setup);
    }

    @Test
    void after_a_failure_everything_says_the_first_reason() throws Exception {
        var setup = last();
        setup.runner().fail(OVER);
        setup.runner().fail(new Problem(ProblemCode.COMPUTE, "later", "later", "later"));
        setup.loop().join();

        assertThatThrownBy(() -> setup.runner().settle(1)).hasMessage(OVER.toString());
        assertThatThrownBy(() -> setup.runner().abandon(1)).hasMessage(OVER.toString());
        assertThat(setup.runner().failure()).contains(OVER);
        end(setup);
    }
}
