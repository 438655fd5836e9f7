package tensorlink.ledger.file;

import java.time.Duration;
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
    /** The fewest validators that post reward roots. */
    static final int VALIDATORS_MIN = 1;

    /** The end of a period that begins at {@code now}, in whole seconds as messages count them. */
    static Instant after(Duration period, Instant now) {
        return Instant.ofEpochSecond(now.plus(period).getEpochSecond());
    }

    /** Why {@code entry}, which the rules accept, may not enter {@code state} at {@code now}. */
    Optional<Rejected> refusal(Entry entry, LedgerState state, Instant now) {
        return switch (entry) {
            case Entry.Issued _,
                    Entry.Deposited _,
                    Entry.JobClosed _,
                    Entry.WithdrawalNoticed _,
                    Entry.Withdrawn _,
                    Entry.Locked _,
                    Entry.Disputed _,
                    Entry.Staked _,
                    Entry.UnstakeNoticed _,
                    Entry.Unstaked _,
                    Entry.Announced _,
                    Entry.Slashed _,
                    Entry.Funded _,
                    Entry.RootPosted _,
                    Entry.RootCancelled _,
                    Entry.Claimed _ ->
                    Optional.empty();
            case Entry.Unlocked(var payer, var payee, var _) -> {
                var until = state.deposits.pair(payer, payee).lockedUntil();
                yield refuseIf(
                        !isOver(until, now),
                        Rejection.LOCK_ACTIVE,
                        "locked until " + until + ", now " + now);
            }
            case Entry.Judged(var _, var verdict, var _) -> {
                var ends = state.disputes.ends(verdict.message().agreement());
                yield refuseIf(
                        isOver(ends, now),
                        Rejection.DISPUTE_OVER,
                        "a verdict was possible until " + ends + ", now " + now);
            }
            case Entry.JobOpened(var opening) -> {
                int open = state.jobs.openOf(opening.message().payer());
                yield refuseIf(
                        open >= config.openJobsPerPayerMax(),
                        Rejection.TOO_MANY_OPEN_JOBS,
                        open + " open jobs of one payer, no more are allowed");
            }
            case Entry.AgreementRecorded(var signed) -> {
                var agreement = signed.agreement();
                int recorded =
                        state.jobs
                                .job(agreement.jobId())
                                .map(job -> job.engagements().size())
                                .orElse(0);
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
