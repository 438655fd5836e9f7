package tensorlink.jobs.validator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Digest;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.JobRecords;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.SignedAgreement;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.peer.PeerId;

/** A validator asked by users who say too much, too little, or the same twice. */
@Timeout(60)
class ValidatorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir private Path folder;
    private Lab lab;
    private Party validator;
    private ScriptedWorker worker;
    private Party user;

    @BeforeEach
    void open() throws Exception {
        with(Patience.enough());
    }

    private void with(Patience patience) throws IOException, InterruptedException {
        lab = new Lab(folder.resolve("lab" + patience.limits().hashCode()), patience);
        validator = lab.validatorParty();
        worker = ScriptedWorker.accepting(lab, _ -> {});
        user = lab.party();
        user.host().peers().add(validator.host().info());
    }

    @AfterEach
    void close() throws IOException {
        lab.close();
    }

    private Sealed<JobRequest> request() {
        return request(List.of());
    }

    private Sealed<JobRequest> request(List<PeerId> avoided) {
        var spec =
                new JobSpec(
                        Purpose.TRAINING,
                        ByteString.copyFrom(Lab.model().config().json()),
                        Digest.of(new byte[0]),
                        1,
                        new Workload(1, 16, 1),
                        TrainingOptions.defaults(),
                        List.of(),
                        Duration.ofDays(1));
        return user.seals()
                .sealJobRequest(
                        spec.continuedFrom(spec.weights(), avoided, spec.lifetime()),
                        user.account().account(),
                        Amount.ZERO);
    }

    @Test
    void a_worker_to_be_avoided_is_asked_only_where_no_others_will_do() throws Exception {
        var avoided = List.of(worker.party().id());

        var alone = plan(request(avoided));
        var other = lab.worker();
        var beside = plan(request(avoided));

        assertThat(alone.stages().getFirst().worker().id()).isEqualTo(worker.party().id());
        assertThat(beside.stages().getFirst().worker().id()).isEqualTo(other.party().id());
        assertThat(worker.offers()).isEqualTo(1);
    }

    private Answer ask(Party from, Question question) throws IOException, InterruptedException {
        from.host().peers().add(validator.host().info());
        return new Asker(from).ask(validator.id(), question, PATIENCE, _ -> {});
    }

    private JobPlan plan(Sealed<JobRequest> request) throws IOException, InterruptedException {
        return ((Answer.Planned) ask(user, new Question.RequestJob(request.envelope()))).plan();
    }

    private Question.OpenJob opening(JobRequest request, JobPlan plan) {
        var opening =
                new JobOpening(request.specHash(), request.payer(), request.salt(), Account.ZERO);
        var agreements = new ArrayList<SignedAgreement>();
        plan.stages().forEach(stage -> agreements.add(agreement(request, stage)));
        return new Question.OpenJob(user.account().sign(user.domain(), opening), agreements);
    }

    private SignedAgreement agreement(JobRequest request, StagePlan stage) {
        var now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        var agreement =
                new Agreement(
                        request.id().word(),
                        request.payer(),
                        stage.account(),
                        Amount.ZERO,
                        Amount.ZERO,
                        Bytes32.keccak(Usage.UNIT),
                        now,
                        now.plusSeconds(1000),
                        request.specHash(),
                        Account.ZERO,
                        request.salt());
        var digest = agreement.digest(user.domain());
        return new SignedAgreement(
                agreement, user.account().sign(digest), worker.party().account().sign(digest));
    }

    private Question.CloseJob closing(Party by, JobId job, JobEnd end) {
        return new Question.CloseJob(
                by.account()
                        .sign(
                                by.domain(),
                                new JobClosing(
                                        job.word(), end, Bytes32.ZERO, by.account().account())),
                List.of());
    }

    private JobState state(JobId job) throws IOException, InterruptedException {
        return ((Answer.StatusTold) ask(lab.party(), new Question.AskStatus(job))).status().state();
    }

    @Test
    void a_job_goes_through_its_states_as_its_user_says() throws Exception {
        var request = request();
        var id = request.content().id();
        var plan = plan(request);
        assertThat(state(id)).isEqualTo(new JobState.Recruiting());

        ask(user, opening(request.content(), plan));
        assertThat(state(id)).isEqualTo(new JobState.Agreed());
        ask(user, new Question.TellState(id, new JobState.Loading()));
        ask(user, new Question.TellState(id, new JobState.Running()));
        assertThat(state(id)).isEqualTo(new JobState.Running());
        ask(user, closing(user, id, JobEnd.COMPLETED));

        assertThat(state(id)).isEqualTo(new JobState.Completed());
        lab.assertNothingIsLeft();
    }

    @Test
    void a_job_is_opened_once() throws Exception {
        var request = request();
        var opening = opening(request.content(), plan(request));
        ask(user, opening);

        assertThatThrownBy(() -> ask(user, opening))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-001")
                .hasMessageContaining("is agreed, not before agreed");
    }

    @Test
    void states_are_told_in_order_and_by_the_user_only() throws Exception {
        var request = request();
        var id = request.content().id();
        plan(request);

        assertThatThrownBy(() -> ask(user, new Question.TellState(id, new JobState.Running())))
                .hasMessageContaining("is recruiting, not before running");
        assertThatThrownBy(() -> ask(user, new Question.TellState(id, new JobState.Failed("no"))))
                .hasMessageContaining("not before failed");
        assertThatThrownBy(
                        () -> ask(lab.party(), new Question.TellState(id, new JobState.Agreed())))
                .hasMessageContaining("TL-SEC-003");
        assertThatThrownBy(() ->
                        ask(
                                user,
                                new Question.TellState(
                                        new JobId(Bytes32.ZERO), new JobState.Loading())))
                .hasMessageContaining("TL-SEC-003");
    }

    @Test
    void a_request_is_taken_once_and_from_its_signer_only() throws Exception {
        var request = request();
        var envelope = new Question.RequestJob(request.envelope());
        assertThatThrownBy(() -> ask(lab.party(), envelope))
                .hasMessageContaining("not by who hands it in");
        assertThatThrownBy(() -> ask(user, envelope)).hasMessageContaining("repeated");
    }

    @Test
    void a_job_cannot_be_taken_over_by_asking_for_it_again() throws Exception {
        var salt = new byte[Bytes32.SIZE];
        var nonces = new Random(1);
        user = lab.party(new SameSalt(salt, nonces));
        user.host().peers().add(validator.host().info());
        var request = request();
        plan(request);
        var again = request();
        assertThat(again.content().id()).isEqualTo(request.content().id());
        assertThat(again.envelope()).isNotEqualTo(request.envelope());

        assertThatThrownBy(() -> plan(again)).hasMessageContaining("was asked for before");

        assertThat(state(request.content().id())).isEqualTo(new JobState.Recruiting());
    }

    /** The same specification, payer and salt make the same id, whoever seals them how often. */
    private static final class SameSalt implements RandomGenerator {
        private final byte[] salt;
        private final RandomGenerator others;

        SameSalt(byte[] salt, RandomGenerator others) {
            this.salt = salt;
            this.others = others;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            if (bytes.length == salt.length) {
                System.arraycopy(salt, 0, bytes, 0, salt.length);
            } else {
                others.nextBytes(bytes);
            }
        }

        @Override
        public long nextLong() {
            return others.nextLong();
        }
    }

    @Test
    void agreements_must_fit_the_plan_and_be_signed_by_both() throws Exception {
        var request = request();
        var good = opening(request.content(), plan(request));

        assertThatThrownBy(() -> ask(user, new Question.OpenJob(good.opening(), List.of())))
                .hasMessageContaining("0 agreements do not fit its plan");
        var agreement = good.agreements().getFirst();
        var unsigned =
                new SignedAgreement(
                        agreement.agreement(),
                        agreement.payerSignature(),
                        agreement.payerSignature());
        assertThatThrownBy(() -> ask(user, new Question.OpenJob(good.opening(), List.of(unsigned))))
                .hasMessageContaining("agreement 0 is not signed by user and worker");
        ask(user, good);
    }

    @Test
    void only_the_payer_closes_a_job() throws Exception {
        var request = request();
        plan(request);

        assertThatThrownBy(() ->
                        ask(user, closing(lab.party(), request.content().id(), JobEnd.FAILED)))
                .hasMessageContaining("TL-SEC-003");
        assertThat(state(request.content().id())).isEqualTo(new JobState.Recruiting());
    }

    @Test
    void a_job_given_up_before_it_was_signed_frees_its_workers() throws Exception {
        var request = request();
        plan(request);

        ask(user, closing(user, request.content().id(), JobEnd.FAILED));

        assertThat(worker.released()).isEqualTo(1);
        lab.assertNothingIsLeft();
    }

    @Test
    void a_user_that_does_not_sign_in_time_loses_the_plan() throws Exception {
        close();
        with(Patience.enough().reservation(Duration.ofMillis(200)));
        var request = request();
        var plan = plan(request);
        lab.assertNothingIsLeft();

        assertThat(state(request.content().id()))
                .isEqualTo(new JobState.Cancelled("its user did not sign in time"));
        assertThatThrownBy(() -> ask(user, opening(request.content(), plan)))
                .hasMessageContaining("is cancelled, not before agreed");
    }

    @Test
    void a_user_that_vanishes_while_workers_are_asked_leaves_no_job_and_no_booking()
            throws Exception {
        var slow = new tensorlink.jobs.pipeline.Slot<Boolean>();
        ScriptedWorker.considering(
                lab,
                _ -> {
                    slow.fill(true);
                    lab.scheduler().sleep(Duration.ofMillis(300));
                    return new tensorlink.jobs.market.Admission.Declined(
                            tensorlink.jobs.market.Admission.Reason.STOPPING, "no");
                });
        var request =
                user.seals()
                        .sealJobRequest(
                                new JobSpec(
                                        Purpose.TRAINING,
                                        ByteString.copyFrom(Lab.model().config().json()),
                                        Digest.of(new byte[0]),
                                        2,
                                        new Workload(1, 16, 1),
                                        TrainingOptions.defaults(),
                                        List.of(),
                                        Duration.ofDays(1)),
                                user.account().account(),
                                Amount.ZERO);
        var stream = user.host().open(validator.id(), user.protocols().job());
        stream.writeMessage(new Question.RequestJob(request.envelope()).encode());
        slow.await();

        stream.reset();

        Eventually.until("the offer is taken back", () -> worker.released() == 1);
        lab.assertNothingIsLeft();
        assertThat(state(request.content().id())).isInstanceOf(JobState.Failed.class);
    }

    @Test
    void a_model_that_cannot_be_planned_is_refused() throws Exception {
        var spec =
                new JobSpec(
                        Purpose.TRAINING,
                        ByteString.copyFromUtf8("{\"model_type\": \"abacus\"}"),
                        Digest.of(new byte[0]),
                        1,
                        new Workload(1, 16, 1),
                        TrainingOptions.defaults(),
                        List.of(),
                        Duration.ofDays(1));
        var request = user.seals().sealJobRequest(spec, user.account().account(), Amount.ZERO);

        assertThatThrownBy(() -> plan(request))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-001")
                .hasMessageContaining("abacus");
    }

    @Test
    void without_a_ledger_money_questions_are_refused_with_what_to_do() {
        assertThatThrownBy(() ->
                        new Asker(user)
                                .askLedger(
                                        validator.id(),
                                        new LedgerQuestion.OfAccount(user.account().account()),
                                        PATIENCE,
                                        LedgerAnswer.Statement.class))
                .hasMessageContaining("TL-PAY-002")
                .hasMessageContaining("keeps no ledger")
                .hasMessageContaining("use workers that ask for no price");
    }

    @Test
    void a_question_for_another_role_is_refused() throws Exception {
        assertThatThrownBy(() ->
                        ask(user, new Question.AskCapability(ByteString.copyFrom(new byte[16]))))
                .hasMessageContaining("TL-SEC-003")
                .hasMessageContaining("ask a node that has");
    }

    @Test
    void a_question_that_is_no_message_or_too_large_ends_its_stream_only() throws Exception {
        for (var bytes :
                List.of(
                        new byte[] {4, 'a', 'b', 'c', 'd'},
                        new byte[] {0},
                        new byte[] {-1, -1, -1, -1, 7})) {
            var stream = user.host().open(validator.id(), user.protocols().job());
            stream.write(java.lang.foreign.MemorySegment.ofArray(bytes));
            assertThatThrownBy(() -> stream.readMessage(Answer.BYTES_MAX))
                    .isInstanceOf(IOException.class);
        }

        assertThat(plan(request()).stages()).hasSize(1);
    }

    @Test
    void a_job_is_taken_over_only_with_everything_that_is_signed() throws Exception {
        var request = request();
        var plan = plan(request);
        var opened = opening(request.content(), plan);
        var other = request();
        var good =
                new JobRecords(
                        request.envelope(),
                        plan.stages(),
                        opened.opening(),
                        opened.agreements(),
                        new JobState.Running());
        var stranger = lab.party();
        var elsewhere = lab.validatorParty();
        var forged = opened.agreements().getFirst();
        var wrong = new LinkedHashMap<String, JobRecords>();
        wrong.put(
                "the opening is not the payer's",
                new JobRecords(
                        other.envelope(),
                        plan.stages(),
                        opened.opening(),
                        opened.agreements(),
                        good.state()));
        wrong.put(
                "0 agreements do not fit",
                new JobRecords(
                        request.envelope(),
                        plan.stages(),
                        opened.opening(),
                        List.of(),
                        good.state()));
        wrong.put(
                "not signed by user and worker",
                new JobRecords(
                        request.envelope(),
                        plan.stages(),
                        opened.opening(),
                        List.of(
                                new SignedAgreement(
                                        forged.agreement(),
                                        forged.payerSignature(),
                                        forged.payerSignature())),
                        good.state()));
        wrong.put("it is completed", good.in(new JobState.Completed()));
        wrong.put("it is planned", good.in(new JobState.Planned()));

        wrong.forEach((why, records) ->
                assertThatThrownBy(() -> takeOver(user, elsewhere, records))
                        .as(why)
                        .isInstanceOf(JobException.class)
                        .hasMessageContaining(why));
        assertThatThrownBy(() -> takeOver(stranger, elsewhere, good))
                .hasMessageContaining("not by who asks");
        takeOver(user, elsewhere, good);
        takeOver(user, elsewhere, good);
        var status =
                (Answer.StatusTold)
                        new Asker(user)
                                .ask(
                                        elsewhere.id(),
                                        new Question.AskStatus(request.content().id()),
                                        PATIENCE,
                                        _ -> {});

        assertThat(status.status().state()).isEqualTo(new JobState.Running());
        assertThat(status.status().stages()).isEqualTo(plan.stages());
    }

    private static void takeOver(Party from, Party validator, JobRecords records)
            throws IOException, InterruptedException {
        from.host().peers().add(validator.host().info());
        new Asker(from)
                .ask(validator.id(), new Question.TakeOver(records), PATIENCE, Answer.Done.class);
    }
}
