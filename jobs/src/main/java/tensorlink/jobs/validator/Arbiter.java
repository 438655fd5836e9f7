package tensorlink.jobs.validator;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Evidence;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.wire.CaseRecord;
import tensorlink.jobs.wire.CaseStage;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.DisputeRecord;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;

/**
 * Judges disputes over the jobs that this validator found the workers for.
 *
 * <p>A receipt is only its worker's own word, so a worker is awarded what others bear out: what its
 * payer's voucher answers, and what a worker of another stage has receipts for, since every token
 * passes every layer. Two workers must lie together to be paid for nothing, and never for more than
 * the agreement's maximum. What a job's only worker says beyond its last voucher is borne out by
 * nobody, and not awarded.
 *
 * <p>What is needed of a job is on disk before it begins. On a chain nothing of it is recorded
 * until somebody disputes it; then this validator hands it in, and pays the gas. A dispute that
 * would move nothing never comes to the ledger.
 */
final class Arbiter {
    private static final Logger log = LoggerFactory.getLogger(Arbiter.class);
    private static final int VERSION = 1;
    private static final long BYTES_MAX = 1 << 20;

    private final Party party;
    private final Till till;
    private final Path folder;

    Arbiter(Party party, Till till, Path folder) {
        this.party = party;
        this.till = till;
        this.folder = folder;
    }

    /**
     * Whom the agreements of a new job are to name: this validator where it keeps the ledger, or,
     * on a chain, has put up its collateral there; else nobody.
     */
    Account forNewJobs() throws InterruptedException {
        var me = party.account().account();
        try {
            return till.notesJobs() || till.ledger().registration(me).validates()
                    ? me
                    : Account.ZERO;
        } catch (LedgerException unknown) {
            log.warn("nobody judges this job: {}", unknown.getMessage());
            return Account.ZERO;
        }
    }

    /**
     * A stage of a job that may be disputed.
     *
     * @param redeemed what the pair's vouchers had paid before the job
     */
    private record Stage(SignedAgreement signed, int layers, Amount redeemed) {
        Agreement agreement() {
            return signed.agreement();
        }
    }

    private record Case(Signed<JobOpening> opening, List<Stage> stages) {
        Optional<Stage> stage(Bytes32 agreement, Party party) {
            return stages.stream()
                    .filter(it -> it.agreement().digest(party.domain()).equals(agreement))
                    .findFirst();
        }

        @Nullable Stage of(Account payee) {
            for (var stage : stages) {
                if (stage.agreement().payee().equals(payee)) {
                    return stage;
                }
            }
            return null;
        }
    }

    // What is kept.

    private Path file(JobId job) {
        return folder.resolve(job.hex() + ".case");
    }

    /** Keeps what a dispute over this job would need, if its agreements name anybody to judge. */
    void keep(Signed<JobOpening> opening, List<SignedAgreement> agreements, List<StagePlan> stages)
            throws IOException, InterruptedException {
        if (agreements.stream().allMatch(it -> it.agreement().arbiter().equals(Account.ZERO))) {
            return;
        }
        var message = CaseRecord.newBuilder().setVersion(VERSION).setOpening(opening.encode());
        for (int stage = 0; stage < agreements.size(); stage++) {
            var agreement = agreements.get(stage).agreement();
            message.addStages(
                    CaseStage.newBuilder()
                            .setAgreement(agreements.get(stage).encode())
                            .setLayers(stages.get(stage).layers().size())
                            .setRedeemed(
                                    till.ledger()
                                            .redeemed(agreement.payer(), agreement.payee())
                                            .encode()));
        }
        Files.createDirectories(folder);
        AtomicFile.write(file(new JobId(opening.message().jobId())), message.build().toByteArray());
    }

    private Optional<Case> read(JobId job) throws IOException {
        var file = file(job);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        if (Files.size(file) > BYTES_MAX) {
            throw new IOException(file + ": more than " + BYTES_MAX + " bytes");
        }
        try {
            var message = CaseRecord.parseFrom(Files.readAllBytes(file));
            if (message.getVersion() != VERSION) {
                throw new IOException(file + " is of version " + message.getVersion());
            }
            var stages = new ArrayList<Stage>();
            for (var stage : message.getStagesList()) {
                stages.add(
                        new Stage(
                                SignedAgreement.decode(stage.getAgreement()),
                                stage.getLayers(),
                                Amount.decode(stage.getRedeemed())));
            }
            return Optional.of(
                    new Case(
                            Signed.decode(message.getOpening(), JobOpening::decode),
                            List.copyOf(stages)));
        } catch (InvalidProtocolBufferException
                | LedgerFormatException
                | IllegalArgumentException damaged) {
            throw new IOException(file + " is damaged: " + damaged.getMessage(), damaged);
        }
    }

    // Judging.

    /**
     * Judges a dispute and settles it on the ledger. When it stops on the way, the same dispute
     * goes on where it was.
     *
     * @param gathered the receipts of the job that this validator has asked its workers for
     * @return {@code Paid}, {@code NoChange} when no more is owed than was paid, or why not
     */
    Outcome judge(Question.Contest contest, List<Signed<UsageReceipt>> gathered)
            throws IOException, InterruptedException {
        var kept = read(contest.job());
        if (kept.isEmpty()) {
            return no(Rejection.JOB_UNKNOWN, "job " + contest.job() + " was not begun here");
        }
        var dispute = contest.dispute().message();
        var disputed = kept.get().stage(dispute.agreement(), party);
        if (disputed.isEmpty()) {
            return no(Rejection.AGREEMENT_UNKNOWN, "it is no agreement of job " + contest.job());
        }
        var refused = refusal(kept.get(), disputed.get(), contest);
        if (refused.isPresent()) {
            return refused.get();
        }
        var known = till.ledger().disputed(dispute.agreement());
        if (known.flatMap(DisputeRecord::awarded).isPresent()) {
            return no(Rejection.DISPUTE_OVER, "it was judged before");
        }
        var receipts = new ArrayList<>(gathered);
        receipts.addAll(contest.evidence().receipts());
        var agreement = disputed.get().agreement();
        var redeemed = till.ledger().redeemed(agreement.payer(), agreement.payee());
        var due = due(kept.get(), disputed.get(), receipts, contest.evidence().voucher());
        if (!due.isMoreThan(redeemed)) {
            return new Outcome.NoChange();
        }
        var most = redeemed.plus(agreement.maxPrice());
        return settle(
                kept.get().opening(),
                disputed.get().signed(),
                contest,
                due.isMoreThan(most) ? most : due);
    }

    private static Outcome no(Rejection code, String why) {
        return new Outcome.Rejected(code, why);
    }

    private Optional<Outcome> refusal(Case kept, Stage disputed, Question.Contest contest) {
        var agreement = disputed.agreement();
        var dispute = contest.dispute().message();
        if (!agreement.arbiter().equals(party.account().account())) {
            return Optional.of(
                    no(Rejection.NOT_ARBITER, "the agreement names " + agreement.arbiter()));
        }
        if (!dispute.plaintiff().equals(agreement.payer())
                && !dispute.plaintiff().equals(agreement.payee())) {
            return Optional.of(
                    no(
                            Rejection.NOT_AGREEMENT_PARTY,
                            dispute.plaintiff() + " is neither payer nor payee"));
        }
        var last = agreement.deadline().plus(till.ledger().info().expiryTolerance());
        if (party.scheduler().now().isAfter(last)) {
            return Optional.of(
                    no(Rejection.AGREEMENT_EXPIRED, "it could be disputed until " + last));
        }
        if (!contest.dispute().isAuthentic(party.domain())) {
            return Optional.of(
                    no(Rejection.BAD_SIGNATURE, "the dispute is not signed by its plaintiff"));
        }
        return forgery(kept, agreement, dispute.evidence(), contest.evidence())
                .map(what -> no(Rejection.BAD_SIGNATURE, what));
    }

    private Optional<String> forgery(
            Case kept, Agreement agreement, Bytes32 signed, Evidence evidence) {
        if (!evidence.hash().equals(signed)) {
            return Optional.of("the evidence is not what the plaintiff signed");
        }
        for (var receipt : evidence.receipts()) {
            var message = receipt.message();
            if (!message.jobId().equals(agreement.jobId())
                    || kept.of(message.payee()) == null
                    || !receipt.isAuthentic(party.domain())) {
                return Optional.of("a receipt is not by a worker of the job");
            }
        }
        for (var voucher : evidence.voucher().stream().toList()) {
            if (!voucher.message().payer().equals(agreement.payer())
                    || !voucher.message().payee().equals(agreement.payee())
                    || !voucher.isAuthentic(party.domain())) {
                return Optional.of("the voucher is not the payer's for the payee");
            }
        }
        return Optional.empty();
    }

    /**
     * What the payer is to have paid the payee in all: what it had paid before this job's work that
     * is not answered, and the price of that.
     */
    private static Amount due(
            Case kept,
            Stage disputed,
            List<Signed<UsageReceipt>> receipts,
            Optional<Signed<Voucher>> voucher) {
        var agreement = disputed.agreement();
        var answered =
                voucher.flatMap(paid ->
                        receipts.stream()
                                .filter(it -> it.message().payee().equals(agreement.payee()))
                                .filter(it ->
                                        Bytes32.keccak(it.encode())
                                                .equals(paid.message().jobsRoot()))
                                .findFirst());
        long paidFor = answered.map(it -> it.message().units()).orElse(0L);
        var price = agreement.priceOf(Math.max(paidFor, borneOut(kept, disputed, receipts)));
        var before =
                answered.isPresent()
                        ? voucher.get().message().cumulative().minus(agreement.priceOf(paidFor))
                        : disputed.redeemed();
        var due = before.plus(price);
        var promised = voucher.map(it -> it.message().cumulative()).orElse(Amount.ZERO);
        return promised.isMoreThan(due) ? promised : due;
    }

    /** The units of a stage that a worker of another stage has receipts for, too. */
    private static long borneOut(Case kept, Stage disputed, List<Signed<UsageReceipt>> receipts) {
        long own = 0;
        var others = BigInteger.ZERO;
        for (var receipt : receipts) {
            var payee = receipt.message().payee();
            var stage = kept.of(payee);
            if (payee.equals(disputed.agreement().payee())) {
                own = Math.max(own, receipt.message().units());
            } else if (stage != null) {
                others =
                        others.max(
                                BigInteger.valueOf(receipt.message().units())
                                        .multiply(BigInteger.valueOf(disputed.layers()))
                                        .divide(BigInteger.valueOf(stage.layers())));
            }
        }
        return others.min(BigInteger.valueOf(own)).longValueExact();
    }

    private Outcome settle(
            Signed<JobOpening> opening,
            SignedAgreement signed,
            Question.Contest contest,
            Amount cumulative)
            throws IOException, InterruptedException {
        var ledger = till.ledger();
        if (!till.notesJobs()) {
            if (ledger.openJob(opening) instanceof Outcome.Rejected refused) {
                return refused;
            }
            if (ledger.recordAgreement(signed) instanceof Outcome.Rejected refused) {
                return refused;
            }
        }
        var agreement = signed.agreement();
        if (ledger.dispute(agreement, contest.dispute()) instanceof Outcome.Rejected refused) {
            return refused;
        }
        var verdict =
                new Verdict(
                        contest.dispute().message().agreement(),
                        cumulative,
                        party.account().account());
        var outcome = ledger.judge(agreement, party.account().sign(party.domain(), verdict));
        log.info("job {}: dispute of {}: {}", contest.job(), agreement.payee(), outcome);
        return outcome;
    }
}
