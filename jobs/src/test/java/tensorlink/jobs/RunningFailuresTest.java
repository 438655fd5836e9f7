package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.ledger.Amount;
import tensorlink.ledger.UsageReceipt;

/** Jobs whose worker goes wrong after it has begun, and what their user is told. */
@Timeout(60)
class RunningFailuresTest {
    private static final JobOptions OPTIONS =
            JobOptions.training()
                    .batch(4, 16)
                    .microBatches(2)
                    .maxPrice(Amount.of(100_000))
                    .patience(Duration.ZERO);

    @TempDir private Path folder;
    private Lab lab;

    @BeforeEach
    void open() {
        lab = new Lab(folder, Patience.enough());
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private void with(Patience other) throws Exception {
        lab.close();
        lab = new Lab(folder.resolve("other"), other);
    }

    /** Runs a job on a scripted worker until it fails, and another one on a real worker. */
    private JobException failure(ScriptedWorker.Script script, Use use) throws Exception {
        lab.validator();
        return failureOnNetwork(Amount.ZERO, script, use);
    }

    private JobException failureOnNetwork(Amount price, ScriptedWorker.Script script, Use use)
            throws Exception {
        var scripted = ScriptedWorker.accepting(lab, price, script);
        var user = lab.user();
        var model = user.create(Lab.model(), OPTIONS, JobListener.silent());
        var failure = catchThrowableOfType(JobException.class, () -> use.of(model));
        assertThat(failure).isNotNull();
        assertThat(failure.problem().what()).isNotEmpty();
        assertThat(failure.problem().why()).isNotEmpty();
        assertThat(failure.problem().now()).isNotEmpty();
        saysTheSameEverywhere(model, failure);

        model.close();
        assertThat(user.report(model.job()).orElseThrow().state())
                .isEqualTo(new JobState.Failed(failure.problem().toString()));
        scripted.party().host().close();
        lab.worker();
        try (var next = user.create(Lab.model(), OPTIONS, JobListener.silent())) {
            assertThat(next.evaluate(batchInputs(), batchInputs())).isPositive();
        }
        lab.assertNothingIsLeft();
        return failure;
    }

    /** Takes one batch and answers it with what it should not. */
    private static ScriptedWorker.Script answering(Supplier<TensorFrame> answer) {
        return control -> {
            control.run();
            control.input().close();
            control.result(answer.get());
            control.onlyBeat();
        };
    }

    private interface Use {
        void of(DistributedModel model) throws Exception;
    }

    private static void saysTheSameEverywhere(DistributedModel model, JobException failure) {
        ThrowingCallable forward = () -> model.forward(batchInputs(), batchInputs());
        assertThatThrownBy(forward).hasMessage(failure.getMessage());
        assertThatThrownBy(() -> model.optimizer(AdamW.lr(1)).step())
                .hasMessage(failure.getMessage());
        assertThatThrownBy(model::weightsDigest).hasMessage(failure.getMessage());
    }

    private static Tokens batchInputs() {
        return Lab.batch(1).inputs().tokens();
    }

    private static void evaluate(DistributedModel model) throws Exception {
        model.evaluate(batchInputs(), batchInputs());
    }

    @Test
    void a_worker_that_vanishes_in_the_middle_of_a_step_is_lost_at_once() throws Exception {
        var failure =
                failure(
                        control -> {
                            control.run();
                            control.input().close();
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.WORKER_LOST);
        assertThat(failure).hasMessageContaining("stage 0 is lost: it closed the stream");
    }

    @Test
    void one_of_two_workers_that_vanishes_takes_the_job_with_it_and_the_other_is_free()
            throws Exception {
        lab.validator();
        var vanishing = lab.worker();
        var staying = lab.worker();
        var user = lab.user();
        var model = user.create(Lab.model(), OPTIONS.workers(2), JobListener.silent());
        var loss = model.forward(batchInputs(), batchInputs());
        loss.backward();

        vanishing.party().host().close();

        assertThatThrownBy(
                        () -> {
                            while (true) {
                                model.optimizer(AdamW.lr(1e-3)).step();
                            }
                        })
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-004");
        model.close();
        lab.assertNothingIsLeft();
        assertThat(staying.worker().stints()).isEmpty();
        evaluateOn(user.create(Lab.model(), OPTIONS, JobListener.silent()));
    }

    private static void evaluateOn(DistributedModel model) throws Exception {
        try (model) {
            evaluate(model);
        }
    }

    @Test
    void a_worker_that_never_answers_a_batch_is_late_after_the_batch_timeout() throws Exception {
        with(Patience.enough().batch(Duration.ofMillis(400)));

        var failure =
                failure(
                        control -> {
                            control.run();
                            control.onlyBeat();
                        },
                        RunningFailuresTest::takesTheBatchTimeout);

        assertThat(failure.code()).isEqualTo(ProblemCode.DEADLINE);
        assertThat(failure.problem().why()).isEqualTo("no result within PT0.4S");
    }

    private static void takesTheBatchTimeout(DistributedModel model) throws Exception {
        long start = System.nanoTime();
        try {
            evaluate(model);
        } finally {
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(390), Duration.ofSeconds(5));
        }
    }

    @Test
    void a_worker_that_never_prepares_a_step_is_late_after_the_batch_timeout() throws Exception {
        with(Patience.enough().batch(Duration.ofMillis(400)));

        var failure =
                failure(
                        control -> {
                            control.run();
                            control.input().close();
                            control.input().close();
                            control.result(new TensorFrame.Loss(1, 0, 1));
                            control.result(new TensorFrame.Loss(1, 1, 2));
                            control.onlyBeat();
                        },
                        model -> {
                            model.forward(batchInputs(), batchInputs()).backward();
                            model.optimizer(AdamW.lr(1)).step();
                        });

        assertThat(failure.code()).isEqualTo(ProblemCode.DEADLINE);
        assertThat(failure.problem().why()).isEqualTo("waited PT0.4S for step 1 to be prepared");
    }

    @Test
    void a_worker_that_shows_no_sign_of_life_is_lost_after_the_silence() throws Exception {
        with(Patience.enough().silence(Duration.ofSeconds(1)));

        var failure =
                failure(
                        control -> {
                            control.run();
                            while (true) {
                                control.stream().readMessage(1 << 20);
                            }
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.WORKER_LOST);
        assertThat(failure.problem().why()).contains("1");
    }

    @Test
    void a_worker_that_answers_out_of_turn_is_not_trusted_further() throws Exception {
        var failure =
                failure(
                        control -> {
                            control.run();
                            control.next();
                            control.say(new Report.Linked());
                            control.onlyBeat();
                        },
                        DistributedModel::weightsDigest);

        assertThat(failure.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(failure.problem().why()).isEqualTo("it answers Linked where DigestsTold is due");
    }

    @Test
    void a_worker_that_ends_its_stage_unasked_is_lost() throws Exception {
        var failure =
                failure(
                        control -> {
                            control.run();
                            control.input().close();
                            control.say(new Report.Closed(0));
                            control.onlyBeat();
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.WORKER_LOST);
        assertThat(failure.problem().why()).isEqualTo("it ended its stage unasked");
    }

    @Test
    void a_job_ends_with_its_lifetime_and_says_so() throws Exception {
        lab.validator();
        lab.worker();
        var user = lab.user();
        var options = OPTIONS.lifetime(Duration.ofSeconds(3));
        var model = user.create(Lab.model(), options, JobListener.silent());

        assertThatThrownBy(
                        () -> {
                            while (true) {
                                evaluate(model);
                            }
                        })
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-009")
                .hasMessageContaining("its lifetime of PT3S is over")
                .hasMessageContaining("JobOptions.lifetime");
        model.close();
        lab.assertNothingIsLeft();
    }

    @Test
    void a_report_that_is_no_message_fails_the_job() throws Exception {
        var failure =
                failure(
                        control -> {
                            control.run();
                            control.input().close();
                            control.stream().writeMessage(ByteString.copyFromUtf8("nonsense"));
                            control.onlyBeat();
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(failure.problem().why()).contains("report is malformed");
    }

    @Test
    void a_report_larger_than_allowed_fails_the_job_before_it_is_read() throws Exception {
        var failure =
                failure(
                        control -> {
                            control.run();
                            control.input().close();
                            var length = MemorySegment.ofArray(new byte[] {-1, -1, -1, -1, 7});
                            control.stream().write(length);
                            control.onlyBeat();
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.problem().why())
                .contains("message of 2147483647 bytes, limit " + Report.BYTES_MAX);
    }

    @Test
    void a_result_for_an_unknown_batch_fails_the_job() throws Exception {
        var failure =
                failure(
                        answering(() -> new TensorFrame.Loss(77, 0, 1)),
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(failure.problem().why())
                .isEqualTo("result: for batch 77, which is not on its way");
    }

    @Test
    void a_result_of_another_micro_batch_fails_the_job() throws Exception {
        var failure =
                failure(
                        answering(() -> new TensorFrame.Loss(1, 1, 1)),
                        RunningFailuresTest::evaluate);

        assertThat(failure.problem().why()).isEqualTo("result: of micro-batch 1, expected 0");
    }

    @Test
    void a_result_of_another_kind_fails_the_job() throws Exception {
        var failure =
                failure(
                        answering(() -> new TensorFrame.Token(1, 0, 1)),
                        RunningFailuresTest::evaluate);

        assertThat(failure.problem().why()).isEqualTo("it sends Token where Loss is due");
    }

    @Test
    void logits_of_another_shape_fail_the_job() throws Exception {
        var failure =
                failure(
                        answering(() ->
                                new TensorFrame.Logits(
                                        1, 0, Tensor.allocate(DType.F32, Shape.of(1, 2, 3)))),
                        model -> model.logits(batchInputs().rows(0, 1)).close());

        assertThat(failure.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(failure.problem().why())
                .isEqualTo("it sends logits F32 [1, 2, 3], expected F32 [1, 16, 256]");
    }

    @Test
    void logits_larger_than_any_the_job_can_have_are_refused_before_memory_is_taken()
            throws Exception {
        var failure =
                failure(
                        answering(() ->
                                new TensorFrame.Logits(
                                        1,
                                        0,
                                        Tensor.allocate(DType.F32, Shape.of(2 * 16 * 256 + 1)))),
                        model -> model.logits(batchInputs().rows(0, 1)).close());

        assertThat(failure.problem().why()).isEqualTo("tensor: F32 [8193], limit 32768 bytes");
    }

    @Test
    void a_token_outside_of_the_vocabulary_fails_the_job() throws Exception {
        var failure =
                failure(
                        answering(() -> new TensorFrame.Token(1, 0, 256)),
                        model -> model.generate(List.of(1), GenerateOptions.greedy(2), _ -> {}));

        assertThat(failure.problem().why()).isEqualTo("it sends token 256 of 256");
    }

    @Test
    void a_receipt_for_more_than_was_asked_is_not_paid_and_fails_the_job() throws Exception {
        lab.ledger();

        var failure =
                failureOnNetwork(
                        Amount.of(1),
                        control -> {
                            var open = control.run();
                            var agreement = open.agreement();
                            var batch = control.input();
                            batch.close();
                            claim(control, agreement.jobId(), 4 * 16 * 3 + 1);
                            control.onlyBeat();
                        },
                        RunningFailuresTest::evaluate);

        assertThat(failure.code()).isEqualTo(ProblemCode.PAYMENT);
        assertThat(failure.problem().why())
                .isEqualTo("the receipt claims 193 units, asked were 192");
    }

    private static void claim(
            ScriptedWorker.Control control, tensorlink.ledger.Bytes32 job, long units)
            throws java.io.IOException, InterruptedException {
        var account = control.party().account();
        var receipt = new UsageReceipt(job, account.account(), units, 0);
        control.say(new Report.Receipt(account.sign(control.party().domain(), receipt)));
    }

    @Test
    void a_receipt_for_what_was_asked_is_paid_up_to_the_agreed_price() throws Exception {
        lab.ledger();
        var paid = new tensorlink.jobs.pipeline.Slot<Command.Pay>();
        ScriptedWorker.accepting(
                lab,
                Amount.of(1),
                control -> {
                    var open = control.run();
                    control.input().close();
                    control.input().close();
                    claim(control, open.agreement().jobId(), 192);
                    paid.fill((Command.Pay) control.next());
                    control.result(new TensorFrame.Loss(1, 0, 1));
                    control.result(new TensorFrame.Loss(1, 1, 2));
                    control.next();
                    control.say(new Report.Closed(0));
                });
        var options = OPTIONS.maxPrice(Amount.of(100));
        var user = lab.user();
        var model = user.create(Lab.model(), options, JobListener.silent());

        try (model) {
            assertThat(model.evaluate(batchInputs(), batchInputs())).isEqualTo(3);
        }

        assertThat(paid.await().voucher().message().cumulative()).isEqualTo(Amount.of(100));
        var stage = user.report(model.job()).orElseThrow().stages().getFirst();
        assertThat(stage.units()).isEqualTo(192);
        assertThat(stage.paid()).isEqualTo(Amount.of(100));
        lab.assertNothingIsLeft();
    }
}
