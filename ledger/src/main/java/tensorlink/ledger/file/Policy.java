package tensorlink.ledger.file;

import java.time.Instant;
import java.util.Optional;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.Rejection;

/**
 * What may enter the ledger at a given time: expiry and the limits of a {@link FileLedgerConfig}.
 * Pure, and not asked on replay: what is in the log was let in by the limits and the clock of its
 * day.
 */
record Policy(FileLedgerConfig config) {

    /** Why {@code entry}, which the rules accept, may not enter {@code state} at {@code now}. */
    Optional<Rejected> refusal(Entry entry, LedgerState state, Instant now) {
        return switch (entry) {
            case Entry.Issued _, Entry.Deposited _, Entry.JobClosed _ -> Optional.empty();
            case Entry.JobOpened(var opening) -> {
                int open = state.openJobs(opening.message().payer());
                yield refuseIf(
                        open >= config.openJobsPerPayerMax(),
                        Rejection.TOO_MANY_OPEN_JOBS,
                        open + " open jobs of one payer, no more are allowed");
            }
            case Entry.AgreementRecorded(var signed) -> {
                var agreement = signed.agreement();
                int recorded =
                        state.job(agreement.jobId()).map(job -> job.engagements().size()).orElse(0);
                yield refuseIf(
                                recorded >= config.agreementsPerJobMax(),
                                Rejection.TOO_MANY_AGREEMENTS,
                                recorded + " agreements in one job, no more are allowed")
                        .or(() ->
                                refuseIf(
                                        isOver(agreement.deadline(), now),
                                        Rejection.AGREEMENT_EXPIRED,
                                        "deadline " + agreement.deadline() + ", now " + now));
            }
            case Entry.Settled(var payments) ->
                    payments.stream()
                            .map(payment -> payment.voucher().message())
                            .filter(voucher -> isOver(voucher.expiry(), now))
                            .findFirst()
                            .map(voucher ->
                                    new Rejected(
                                            Rejection.VOUCHER_EXPIRED,
                                            "a voucher of "
                                                    + voucher.payer()
                                                    + " expired at "
                                                    + voucher.expiry()
                                                    + ", now "
                                                    + now));
        };
    }

    /** Whether the second after {@code end} and the tolerance has begun. */
    private boolean isOver(Instant end, Instant now) {
        return now.minus(config.expiryTolerance()).getEpochSecond() > end.getEpochSecond();
    }

    private static Optional<Rejected> refuseIf(boolean refused, Rejection code, String message) {
        return refused ? Optional.of(new Rejected(code, message)) : Optional.empty();
    }
}
