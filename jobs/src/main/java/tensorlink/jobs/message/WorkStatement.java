package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.StageMemory;
import tensorlink.jobs.wire.WorkShare;
import tensorlink.ledger.Account;
import tensorlink.ledger.Domain;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What a validator says of a job that it watched to its good end: which accounts gave memory to it,
 * and for how long. It comes with what user and workers have signed, so that others believe it only
 * as far as that goes: see {@link #check}. The memory is nobody's word, but follows from the model.
 *
 * @param completed when its payer closed it, in whole seconds
 * @param seconds for which it ran, by the validator's word
 */
public record WorkStatement(
        Sealed<JobRequest> request,
        Signed<JobClosing> closing,
        Instant completed,
        long seconds,
        List<Share> shares) {
    public static final int SHARES_MAX = 256;

    /** How far ahead of ours the clock of a validator may be. */
    public static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(10);

    /** A worker's part. */
    public record Share(
            LayerRange layers, SignedAgreement agreement, Signed<UsageReceipt> receipt) {
        public Account worker() {
            return agreement.agreement().payee();
        }
    }

    public WorkStatement {
        shares = List.copyOf(shares);
        if (shares.isEmpty() || shares.size() > SHARES_MAX) {
            throw new IllegalArgumentException(shares.size() + " shares, 1 to " + SHARES_MAX);
        }
        if (seconds < 0) {
            throw new IllegalArgumentException("seconds is negative: " + seconds);
        }
    }

    public JobId job() {
        return request.content().id();
    }

    /** Bytes of memory that a share took, as the worker had to reserve them. */
    public long memoryBytes(Share share) {
        var spec = request.content().spec();
        try {
            var config = Architecture.parse("job request", spec.config().toByteArray());
            config.requireStage(share.layers());
            return StageMemory.bytes(config, share.layers(), spec);
        } catch (ModelFormatException unsupported) {
            throw new IllegalArgumentException("model: " + unsupported.getMessage(), unsupported);
        }
    }

    /**
     * Checks all that others have signed of it.
     *
     * @param now of whoever checks
     * @throws IllegalArgumentException naming what does not hold
     */
    public void check(Domain domain, Instant now) {
        var end = closing.message();
        require("closing", end.jobId().equals(job().word()), "it is another job's");
        require("closing", end.end() == JobEnd.COMPLETED, "the job is " + end.end());
        require(
                "closing",
                end.closer().equals(request.content().payer()) && closing.isAuthentic(domain),
                "it is not signed by the payer");
        require(
                "completed",
                !completed.isAfter(now.plus(CLOCK_TOLERANCE)),
                completed + " is yet to come");
        var workers = new HashSet<Account>();
        for (var share : shares) {
            check(share, domain);
            require("share", workers.add(share.worker()), share.worker() + " is there twice");
        }
    }

    private void check(Share share, Domain domain) {
        var agreement = share.agreement().agreement();
        require(
                "agreement",
                agreement.jobId().equals(job().word())
                        && agreement.payer().equals(request.content().payer()),
                "it is another job's");
        require(
                "agreement",
                share.agreement().isAuthentic(domain),
                "it is not signed by user and worker");
        var ran = Duration.between(agreement.start(), completed);
        require(
                "seconds",
                seconds <= ran.toSeconds() + 1,
                seconds + " for a job that was agreed on " + ran.toSeconds() + " s before its end");
        require(
                "completed",
                !completed.isAfter(agreement.deadline().plus(CLOCK_TOLERANCE)),
                completed + " is after the agreed end, " + agreement.deadline());
        var receipt = share.receipt().message();
        require(
                "receipt",
                receipt.jobId().equals(job().word())
                        && receipt.payee().equals(share.worker())
                        && receipt.units() > 0
                        && share.receipt().isAuthentic(domain),
                "it is not the worker's for work in this job");
        memoryBytes(share);
    }

    private static void require(String field, boolean holds, String why) {
        if (!holds) {
            throw new IllegalArgumentException(field + ": " + why);
        }
    }

    ByteString encode() {
        var message =
                tensorlink.jobs.wire.WorkStatement.newBuilder()
                        .setJobRequest(request.envelope())
                        .setClosing(closing.encode())
                        .setCompleted(completed.getEpochSecond())
                        .setSeconds(seconds);
        for (var share : shares) {
            message.addShares(
                    WorkShare.newBuilder()
                            .setFirstLayer(share.layers().first())
                            .setEndLayer(share.layers().end())
                            .setAgreement(share.agreement().encode())
                            .setReceipt(share.receipt().encode()));
        }
        return message.build().toByteString();
    }

    static WorkStatement decode(
            Sealed<JobRequest> request, tensorlink.jobs.wire.WorkStatement message)
            throws ProtocolViolation {
        Fields.atMost("shares", message.getSharesCount(), SHARES_MAX);
        var shares = new ArrayList<Share>();
        for (var share : message.getSharesList()) {
            shares.add(
                    new Share(
                            Fields.layers(share.getFirstLayer(), share.getEndLayer()),
                            Fields.read(
                                    "agreement",
                                    () -> SignedAgreement.decode(share.getAgreement())),
                            Fields.receipt(share.getReceipt())));
        }
        var closing =
                Fields.read(
                        "closing", () -> Signed.decode(message.getClosing(), JobClosing::decode));
        var seconds = Fields.natural("seconds", message.getSeconds());
        var completed = Fields.natural("completed", message.getCompleted());
        return Fields.read(
                "work",
                () ->
                        new WorkStatement(
                                request,
                                closing,
                                Instant.ofEpochSecond(Math.min(completed, SECONDS_MAX)),
                                seconds,
                                shares));
    }

    /** The year 9999. */
    private static final long SECONDS_MAX = 253_402_300_799L;
}
