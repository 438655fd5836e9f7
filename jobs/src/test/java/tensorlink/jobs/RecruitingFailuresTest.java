package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.ledger.Amount;

/** Jobs that do not begin, and what their user is told. */
@Timeout(60)
class RecruitingFailuresTest {
    @TempDir private Path folder;
    private final Patience patience = Patience.enough();
    private Lab lab;

    @BeforeEach
    void open() {
        lab = new Lab(folder, patience);
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private void with(Patience other) throws Exception {
        lab.close();
        lab = new Lab(folder.resolve("other"), other);
    }

    @Test
    void no_validator_is_a_typed_error() throws Exception {
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.problem().code()).isEqualTo(ProblemCode.NO_VALIDATOR);
        assertThat(failure)
                .hasMessageContaining("TL-NET-010")
                .hasMessageContaining("none is known on this network")
                .hasMessageContaining("check that one runs");
    }

    @Test
    void a_validator_that_is_gone_is_named_and_the_next_one_is_asked() throws Exception {
        var gone = lab.scriptedValidator(_ -> {});
        gone.host().close();
        var user = lab.user();
        assertThat(failure(user))
                .hasMessageContaining("TL-NET-010")
                .hasMessageContaining(gone.id().toString());

        lab.validator();
        lab.worker();

        runs(user);
    }

    @Test
    void a_silent_validator_is_given_up_when_the_request_times_out() throws Exception {
        with(Patience.enough().request(Duration.ofMillis(300)));
        lab.scriptedValidator(_ -> new Slot<String>().await());
        var user = lab.user();

        long start = System.nanoTime();
        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NO_VALIDATOR);
        assertThat(failure).hasMessageContaining("no answer within PT0.3S");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void a_validator_that_only_talks_is_given_up_as_well() throws Exception {
        with(Patience.enough().request(Duration.ofMillis(500)));
        lab.scriptedValidator(stream -> {
            while (true) {
                stream.writeMessage(new Answer.Progressed("planned", "soon").encode());
                lab.scheduler().sleep(Duration.ofMillis(20));
            }
        });
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure).hasMessageContaining("no answer within PT0.5S");
    }

    @Test
    void validators_that_answer_nonsense_are_passed_over() throws Exception {
        lab.scriptedValidator(
                stream -> stream.writeMessage(ByteString.copyFromUtf8("no protobuf at all")));
        lab.scriptedValidator(stream -> stream.writeMessage(new Answer.Done("?").encode()));
        lab.scriptedValidator(stream -> {
            var asked = Question.decode(stream.readMessage(Question.BYTES_MAX));
            var other = lab.party();
            var request =
                    other.seals()
                            .openJobRequest(((Question.RequestJob) asked).envelope())
                            .content();
            var stage =
                    new StagePlan(
                            other.host().info(),
                            new tensorlink.compute.LayerRange(0, 1),
                            1,
                            other.account().account(),
                            Amount.ZERO);
            stream.writeMessage(
                    new Answer.Planned(new JobPlan(request.id(), List.of(stage))).encode());
        });
        var user = lab.user();
        assertThat(failure(user))
                .hasMessageContaining("TL-NET-010")
                .hasMessageContaining("1 stages for 1 layers, is not what was asked for");

        lab.validator();
        lab.worker();

        runs(user);
    }

    @Test
    void a_validator_that_vanishes_after_the_plan_is_a_typed_error() throws Exception {
        var validator = lab.party();
        var worker = ScriptedWorker.accepting(lab, ScriptedWorker.Control::sign);
        validator
                .host()
                .handle(
                        validator.protocols().job(),
                        stream -> {
                            var question = Question.decode(stream.readMessage(Question.BYTES_MAX));
                            if (question instanceof Question.RequestJob(var envelope)) {
                                var request = validator.seals().openJobRequest(envelope).content();
                                stream.writeMessage(
                                        new Answer.Planned(
                                                        new JobPlan(
                                                                request.id(),
                                                                List.of(whole(worker))))
                                                .encode());
                            } else {
                                stream.reset();
                            }
                        });
        lab.register(tensorlink.jobs.party.Directory.Role.VALIDATOR, validator);
        var user = lab.user();
        var warnings = new ArrayList<String>();

        var failure =
                catchThrowableOfType(
                        JobException.class,
                        () -> user.create(Lab.model(), options(), hearing(warnings)));

        assertThat(failure.code()).isEqualTo(ProblemCode.UNREACHABLE);
        assertThat(failure.problem().what()).contains("validator").contains("is lost");
        assertThat(failure.problem().now()).isNotEmpty();
        assertThat(warnings).as("attempts beside the last").hasSize(2);
        lab.assertNothingIsLeft();
    }

    private static StagePlan whole(ScriptedWorker worker) {
        return new StagePlan(
                worker.party().host().info(),
                Lab.model().config().allLayers(),
                1,
                worker.party().account().account(),
                Amount.ZERO);
    }

    @Test
    void no_worker_is_a_typed_error() throws Exception {
        lab.validator();
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NO_CAPACITY);
        assertThat(failure)
                .hasMessageContaining("TL-CAP-001")
                .hasMessageContaining("1 worker wanted, 0 can be had")
                .hasMessageContaining("start more workers");
        lab.assertNothingIsLeft();
    }

    @Test
    void too_little_memory_is_a_typed_error_that_says_how_much_is_missing() throws Exception {
        lab.validator();
        lab.worker(1000, Amount.ZERO, (_, _) -> {});
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NO_CAPACITY);
        assertThat(failure.problem().what()).isEqualTo("the model does not fit");
        assertThat(failure.problem().why()).contains("MiB on 1 worker, which offer 0.0 MiB");
        assertThat(failure.problem().now()).contains("lend").contains("MiB more");
    }

    @Test
    void a_worker_that_declines_is_passed_over_for_the_next() throws Exception {
        lab.validator();
        var declining =
                ScriptedWorker.considering(
                        lab, _ -> new Admission.Declined(Admission.Reason.STOPPING, "it is late"));
        lab.worker();
        var user = lab.user();

        runs(user);

        assertThat(declining.offers()).isEqualTo(1);
        lab.assertNothingIsLeft();
    }

    @Test
    void when_all_decline_the_user_is_told_what_each_said() throws Exception {
        lab.validator();
        ScriptedWorker.considering(
                lab, _ -> new Admission.Declined(Admission.Reason.STOPPING, "it is late"));
        ScriptedWorker.considering(
                lab, _ -> new Admission.Declined(Admission.Reason.NO_MEMORY, "all is lent"));
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NO_CAPACITY);
        assertThat(failure.problem().why())
                .contains("0 can be had")
                .contains("stops: it is late")
                .contains("has no memory: all is lent");
    }

    @Test
    void a_worker_that_does_not_answer_an_offer_is_passed_over_when_the_offer_times_out()
            throws Exception {
        with(Patience.enough().offer(Duration.ofMillis(300)));
        lab.validator();
        ScriptedWorker.considering(lab, _ -> unending());
        lab.worker();
        var user = lab.user();

        runs(user);
    }

    private static Admission unending() throws InterruptedException {
        try {
            return new Slot<Admission>().await();
        } catch (JobException never) {
            throw new AssertionError(never);
        }
    }

    @Test
    void one_that_declines_for_good_gives_the_others_back_what_they_hold() throws Exception {
        lab.validator();
        ScriptedWorker.considering(
                lab, _ -> new Admission.Declined(Admission.Reason.STOPPING, "it is late"));
        var holding = lab.worker();
        var user = lab.user();

        var failure =
                catchThrowableOfType(
                        JobException.class,
                        () -> user.create(Lab.model(), options().workers(2), JobListener.silent()));

        assertThat(failure.code()).isEqualTo(ProblemCode.NO_CAPACITY);
        assertThat(holding.worker().stints()).isEmpty();
        runs(user);
    }

    @Test
    void a_worker_that_accepts_and_is_gone_costs_one_attempt() throws Exception {
        lab.validator();
        var vanishing = lab.party();
        var worker =
                ScriptedWorker.considering(
                        lab,
                        _ ->
                                new Admission.Accepted(
                                        vanishing.scheduler().now(),
                                        vanishing.account().account(),
                                        Amount.ZERO));
        worker.party().host().unhandle(worker.party().protocols().control());
        var other = lab.worker();
        var user = lab.user();
        var warnings = new ArrayList<String>();

        var failure =
                catchThrowableOfType(
                        JobException.class,
                        () -> user.create(Lab.model(), options().workers(2), hearing(warnings)));

        assertThat(failure.code()).isEqualTo(ProblemCode.NOT_READY);
        assertThat(failure.problem().what()).contains("is not to be had");
        assertThat(failure.problem().now()).contains("another worker");
        assertThat(warnings).hasSize(2).allMatch(warning -> warning.endsWith("; asking again"));
        assertThat(worker.released()).isEqualTo(3);
        assertThat(other.worker().stints()).isEmpty();
    }

    @Test
    void a_worker_that_signs_with_another_key_is_not_used() throws Exception {
        lab.validator();
        var stranger = lab.party().account();
        ScriptedWorker.accepting(lab, control -> control.sign(stranger));
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NOT_READY);
        assertThat(failure.problem().why()).contains("did not sign the agreement");
        lab.assertNothingIsLeft();
    }

    @Test
    void a_worker_that_does_not_sign_is_given_up_when_opening_times_out() throws Exception {
        with(Patience.enough().open(Duration.ofMillis(300)));
        lab.validator();
        ScriptedWorker.accepting(lab, ScriptedWorker.Control::onlyBeat);
        var user = lab.user();

        long start = System.nanoTime();
        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.NOT_READY);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(9));
    }

    @Test
    void a_worker_that_vanishes_before_it_is_ready_is_lost_at_once() throws Exception {
        lab.validator();
        ScriptedWorker.accepting(
                lab,
                control -> {
                    control.sign();
                    control.next();
                });
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.WORKER_LOST);
        assertThat(failure.problem().why()).contains("closed the stream");
        lab.assertNothingIsLeft();
    }

    @Test
    void a_worker_that_loads_nothing_is_given_up_however_often_it_says_so() throws Exception {
        with(Patience.enough().load(Duration.ofMillis(400)));
        lab.validator();
        ScriptedWorker.accepting(
                lab,
                control -> {
                    control.sign();
                    control.next();
                    while (true) {
                        control.say(new tensorlink.jobs.message.Report.Loading(0, 100));
                        lab.scheduler().sleep(Duration.ofMillis(20));
                    }
                });
        var user = lab.user();

        var failure = failure(user);

        assertThat(failure.code()).isEqualTo(ProblemCode.DEADLINE);
        assertThat(failure.problem().why()).contains("waited PT0.4S for the weights to load");
    }

    @Test
    void a_length_that_the_model_does_not_have_is_refused_before_anybody_is_asked()
            throws Exception {
        var user = lab.user();

        assertThatThrownBy(() ->
                        user.create(
                                Lab.model(),
                                JobOptions.training().batch(1, 65),
                                JobListener.silent()))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-007")
                .hasMessageContaining("65")
                .hasMessageContaining("64");
    }

    private static JobOptions options() {
        return JobOptions.training().batch(4, 16).microBatches(2);
    }

    private static JobException failure(JobClient user) {
        return catchThrowableOfType(
                JobException.class,
                () -> user.create(Lab.model(), options(), JobListener.silent()));
    }

    /** The user's client goes on: a job can begin and end. */
    private static void runs(JobClient user) throws Exception {
        try (var model = user.create(Lab.model(), options(), JobListener.silent())) {
            var batch = Lab.batch(1);
            assertThat(model.evaluate(batch.inputs(), batch.labels())).isPositive();
        }
    }

    private static JobListener hearing(List<String> warnings) {
        return new JobListener() {
            @Override
            public void warned(String warning) {
                warnings.add(warning);
            }
        };
    }
}
