package tensorlink.jobs.validator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Evidence;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;

/** What an arbiter awards: two workers of one layer and of two, at two credits for each unit. */
@Timeout(60)
class ArbiterTest {
    private static final Amount PRICE = Amount.of(2);
    private static final Amount MOST = Amount.of(1_000);
    private static final Bytes32 SPEC = Bytes32.keccak("spec");

    @TempDir private Path folder;
    private Lab lab;
    private Party validator;
    private Party user;
    private Party worker;
    private Party other;
    private FileLedger ledger;
    private Arbiter arbiter;

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder.resolve("lab"), Patience.enough());
        validator = lab.party();
        user = lab.party();
        worker = lab.party();
        other = lab.party();
        var me = validator.account();
        ledger =
                FileLedger.open(
                        folder.resolve("ledger"),
                        FileLedgerConfig.of(Lab.NETWORK, me.account()),
                        validator.scheduler()::now);
        var payer = user.account().account();
        var money = Amount.of(100_000);
        ledger.issue(me.sign(user.domain(), new Issuance(me.account(), payer, money)));
        ledger.deposit(user.account().sign(user.domain(), new Deposit(payer, money)));
        arbiter = arbiter(validator);
    }

    @AfterEach
    void close() throws IOException {
        ledger.close();
        lab.close();
    }

    private Arbiter arbiter(Party by) {
        var till = new Till(ledger, by.account(), Amount.ZERO, by.scheduler()::now);
        return new Arbiter(by, till, folder.resolve("cases"));
    }

    /** A job on record, and what its payer and its workers have signed. */
    private record Begun(JobId job, List<SignedAgreement> agreements) {
        Agreement agreement() {
            return agreements.getFirst().agreement();
        }
    }

    private Begun begin(int salt, Instant deadline, Party... workers) throws Exception {
        var opening =
                new JobOpening(
                        SPEC,
                        user.account().account(),
                        Bytes32.keccak("salt" + salt),
                        Account.ZERO);
        var signed = user.account().sign(user.domain(), opening);
        var agreements = new ArrayList<SignedAgreement>();
        var stages = new ArrayList<StagePlan>();
        ledger.openJob(signed);
        for (int i = 0; i < workers.length; i++) {
            var agreement =
                    new Agreement(
                            opening.jobId(),
                            opening.payer(),
                            workers[i].account().account(),
                            MOST,
                            PRICE,
                            Bytes32.keccak(Usage.UNIT),
                            deadline.minus(Duration.ofDays(1)),
                            deadline,
                            SPEC,
                            arbiter.forNewJobs(),
                            opening.salt());
            var digest = agreement.digest(user.domain());
            agreements.add(
                    new SignedAgreement(
                            agreement,
                            user.account().sign(digest),
                            workers[i].account().sign(digest)));
            ledger.recordAgreement(agreements.getLast());
            stages.add(
                    new StagePlan(
                            workers[i].host().info(),
                            i == 0 ? new LayerRange(0, 1) : new LayerRange(1, 3),
                            0,
                            agreement.payee(),
                            PRICE));
        }
        arbiter.keep(signed, agreements, stages);
        return new Begun(new JobId(opening.jobId()), agreements);
    }

    private Begun begin(Party... workers) throws Exception {
        return begin(0, tomorrow(), workers);
    }

    private Instant tomorrow() {
        return validator.scheduler().now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(86_400);
    }

    private static Signed<UsageReceipt> receipt(Party by, Begun of, long units) {
        var message = new UsageReceipt(of.job().word(), by.account().account(), units, units);
        return by.account().sign(by.domain(), message);
    }

    private Signed<Voucher> voucher(long cumulative, Signed<UsageReceipt> answering) {
        var message =
                new Voucher(
                        user.account().account(),
                        worker.account().account(),
                        Amount.of(cumulative),
                        tomorrow(),
                        Bytes32.keccak(answering.encode()));
        return user.account().sign(user.domain(), message);
    }

    private static Question.Contest contest(Party plaintiff, Begun of, Evidence evidence) {
        var dispute =
                new Dispute(
                        of.agreement().digest(plaintiff.domain()),
                        plaintiff.account().account(),
                        evidence.hash());
        return new Question.Contest(
                of.job(), plaintiff.account().sign(plaintiff.domain(), dispute), evidence);
    }

    private static Question.Contest contest(Party plaintiff, Begun of) {
        return contest(plaintiff, of, new Evidence(List.of(), Optional.empty()));
    }

    private static void rejects(Rejection code, Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Rejected.class);
        assertThat(((Outcome.Rejected) outcome).code()).isEqualTo(code);
    }

    @Test
    void a_worker_is_awarded_what_another_stage_bears_out_and_no_more() throws Exception {
        var job = begin(worker, other);

        // Ten tokens passed the other's two layers; this one says that it saw ninety.
        var outcome =
                arbiter.judge(
                        contest(worker, job),
                        List.of(receipt(worker, job, 90), receipt(other, job, 20)));

        assertThat(outcome).isEqualTo(new Paid(Amount.of(20)));
        assertThat(ledger.credits(worker.account().account())).isEqualTo(Amount.of(20));
    }

    @Test
    void what_a_voucher_has_answered_is_not_paid_twice() throws Exception {
        var earlier = begin(1, tomorrow(), worker, other);
        var before = voucher(50, receipt(worker, earlier, 25));
        ledger.redeem(List.of(before));
        var job = begin(2, tomorrow(), worker, other);
        var answered = receipt(worker, job, 30);
        var evidence =
                new Evidence(
                        List.of(answered, receipt(worker, job, 40)),
                        Optional.of(voucher(110, answered)));

        var outcome =
                arbiter.judge(contest(worker, job, evidence), List.of(receipt(other, job, 80)));

        // 50 for the job before, 60 that the voucher promises, 20 that nobody promised.
        assertThat(outcome).isEqualTo(new Paid(Amount.of(80)));
        assertThat(ledger.redeem(List.of(voucher(110, answered)))).isEqualTo(new NoChange());
    }

    @Test
    void whoever_hides_what_it_was_paid_is_awarded_no_more_than_its_due() throws Exception {
        var job = begin(worker, other);
        var answered = receipt(worker, job, 30);
        ledger.redeem(List.of(voucher(60, answered)));

        var outcome =
                arbiter.judge(
                        contest(worker, job),
                        List.of(receipt(worker, job, 40), receipt(other, job, 80)));

        assertThat(outcome).isEqualTo(new Paid(Amount.of(20)));
    }

    @Test
    void no_more_than_the_agreement_can_cost_is_awarded() throws Exception {
        var job = begin(worker, other);

        var outcome =
                arbiter.judge(
                        contest(user, job),
                        List.of(receipt(worker, job, 9_000), receipt(other, job, 18_000)));

        assertThat(outcome).isEqualTo(new Paid(MOST));
    }

    @Test
    void what_only_the_worker_says_is_not_awarded_and_never_comes_to_the_ledger() throws Exception {
        var job = begin(worker);

        assertThat(arbiter.judge(contest(worker, job), List.of(receipt(worker, job, 40))))
                .isEqualTo(new NoChange());

        assertThat(ledger.disputed(job.agreement().digest(user.domain()))).isEmpty();
    }

    @Test
    void nobody_but_the_arbiter_judges_and_only_jobs_that_it_knows() throws Exception {
        var job = begin(worker, other);

        rejects(Rejection.NOT_ARBITER, arbiter(lab.party()).judge(contest(worker, job), List.of()));
        var unknown = new Begun(new JobId(Bytes32.keccak("another")), job.agreements());
        rejects(Rejection.JOB_UNKNOWN, arbiter.judge(contest(worker, unknown), List.of()));
        var foreign = begin(3, tomorrow(), other, worker);
        rejects(
                Rejection.AGREEMENT_UNKNOWN,
                arbiter.judge(
                        contest(worker, new Begun(job.job(), foreign.agreements())), List.of()));
        rejects(Rejection.NOT_AGREEMENT_PARTY, arbiter.judge(contest(other, job), List.of()));
    }

    @Test
    void a_dispute_that_comes_too_late_is_refused() throws Exception {
        var tolerance = ledger.info().expiryTolerance();
        var now = validator.scheduler().now().truncatedTo(ChronoUnit.SECONDS);
        var job = begin(1, now.minus(tolerance).minusSeconds(1), worker, other);

        rejects(
                Rejection.AGREEMENT_EXPIRED,
                arbiter.judge(contest(worker, job), List.of(receipt(other, job, 20))));
    }

    @Test
    void forged_evidence_is_refused() throws Exception {
        var job = begin(worker, other);
        var good = receipt(worker, job, 10);
        var inflated =
                new Signed<>(
                        new UsageReceipt(job.job().word(), worker.account().account(), 90, 10),
                        good.signature());
        var byAStranger = receipt(lab.party(), job, 90);
        var foreignVoucher =
                new Signed<>(voucher(900, good).message(), voucher(800, good).signature());
        var none = Optional.<Signed<Voucher>>empty();

        for (var forged :
                List.of(
                        new Evidence(List.of(inflated), none),
                        new Evidence(List.of(byAStranger), none),
                        new Evidence(List.of(good), Optional.of(foreignVoucher)))) {
            rejects(
                    Rejection.BAD_SIGNATURE,
                    arbiter.judge(contest(worker, job, forged), List.of()));
        }
        var signed = contest(worker, job);
        rejects(
                Rejection.BAD_SIGNATURE,
                arbiter.judge(
                        new Question.Contest(
                                job.job(), signed.dispute(), new Evidence(List.of(good), none)),
                        List.of()));
        var byAnother =
                new Signed<>(signed.dispute().message(), contest(user, job).dispute().signature());
        rejects(
                Rejection.BAD_SIGNATURE,
                arbiter.judge(
                        new Question.Contest(job.job(), byAnother, signed.evidence()), List.of()));
    }

    @Test
    void a_dispute_is_judged_once() throws Exception {
        var job = begin(worker, other);
        var receipts = List.of(receipt(worker, job, 10), receipt(other, job, 20));
        assertThat(arbiter.judge(contest(worker, job), receipts))
                .isEqualTo(new Paid(Amount.of(20)));

        rejects(Rejection.DISPUTE_OVER, arbiter.judge(contest(worker, job), receipts));
        rejects(Rejection.DISPUTE_OVER, arbiter.judge(contest(user, job), receipts));
    }
}
