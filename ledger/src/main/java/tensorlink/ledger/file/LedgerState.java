package tensorlink.ledger.file;

import java.time.Instant;
import tensorlink.ledger.Account;
import tensorlink.ledger.Domain;

/**
 * The rules of the private ledger and what they have led to: a pure machine without clock, disk,
 * lock or signature.
 *
 * <p>{@link #decide} says what a request would do and changes nothing; {@link #apply} does it. The
 * log is replayed through the same two, with the times it holds, so it cannot hold what the rules
 * would not have let in. Which requests are let in at a given time, how many, and how long notices
 * and delays are, is {@link Policy}'s matter and not replayed.
 *
 * <p>Invariant: credits, deposits, collateral and reward pool add up to what was issued less what
 * was burned.
 */
final class LedgerState {
    final Credits credits;
    final Deposits deposits;
    final Jobs jobs;
    final Disputes disputes;
    final Collaterals collaterals;
    final Rewards rewards;

    LedgerState(Domain domain, Account issuer) {
        this.credits = new Credits(issuer);
        this.deposits = new Deposits(credits);
        this.jobs = new Jobs(domain);
        this.disputes = new Disputes(domain, jobs, deposits);
        this.collaterals = new Collaterals(credits);
        this.rewards = new Rewards(credits, collaterals);
    }

    /** What {@code asked} would do at {@code now}, provided that its signatures are good. */
    Decision decide(Entry asked, Instant now) {
        return switch (asked) {
            case Entry.Issued e -> credits.issue(e);
            case Entry.Deposited e -> deposits.deposit(e);
            case Entry.JobOpened e -> jobs.open(e);
            case Entry.AgreementRecorded e -> jobs.record(e);
            case Entry.JobClosed e -> jobs.close(e);
            case Entry.Settled e -> deposits.settle(e);
            case Entry.WithdrawalNoticed e -> deposits.notice(e);
            case Entry.Withdrawn(var payer, var _) -> deposits.withdraw(payer, now);
            case Entry.Locked e -> deposits.lock(e, now);
            case Entry.Unlocked(var payer, var payee, var _) -> deposits.unlock(payer, payee);
            case Entry.Disputed e -> disputes.open(e);
            case Entry.Judged e -> disputes.judge(e);
            case Entry.Staked e -> collaterals.stake(e);
            case Entry.UnstakeNoticed e -> collaterals.notice(e);
            case Entry.Unstaked(var validator, var _) -> collaterals.unstake(validator, now);
            case Entry.Announced e -> collaterals.announce(e);
            case Entry.Slashed e -> collaterals.slash(e);
            case Entry.Funded e -> rewards.fund(e);
            case Entry.RootPosted e -> rewards.post(e, now);
            case Entry.RootCancelled e -> rewards.cancel(e, now);
            case Entry.Claimed e -> rewards.claim(e, now);
        };
    }

    /** Does what {@link #decide} has just accepted. */
    void apply(Entry entry, Instant time) {
        switch (entry) {
            case Entry.Issued(var issuance, var amount) ->
                    credits.apply(issuance.message(), amount);
            case Entry.Deposited e -> deposits.apply(e);
            case Entry.JobOpened(var opening) -> jobs.apply(opening.message(), time);
            case Entry.AgreementRecorded(var signed) -> jobs.apply(signed.agreement());
            case Entry.JobClosed(var closing) -> jobs.apply(closing.message(), time);
            case Entry.Settled e -> deposits.apply(e);
            case Entry.WithdrawalNoticed e -> deposits.apply(e);
            case Entry.Withdrawn e -> deposits.apply(e);
            case Entry.Locked e -> deposits.apply(e);
            case Entry.Unlocked e -> deposits.apply(e);
            case Entry.Disputed e -> disputes.apply(e);
            case Entry.Judged e -> disputes.apply(e);
            case Entry.Staked e -> collaterals.apply(e);
            case Entry.UnstakeNoticed e -> collaterals.apply(e);
            case Entry.Unstaked e -> collaterals.apply(e);
            case Entry.Announced e -> collaterals.apply(e);
            case Entry.Slashed e -> collaterals.apply(e);
            case Entry.Funded e -> rewards.apply(e);
            case Entry.RootPosted e -> rewards.apply(e);
            case Entry.RootCancelled _ -> rewards.applyCancel();
            case Entry.Claimed e -> rewards.apply(e);
        }
    }
}
