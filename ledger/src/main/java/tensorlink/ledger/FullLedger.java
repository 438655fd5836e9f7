package tensorlink.ledger;

import java.util.List;
import java.util.Optional;

/**
 * A ledger from which deposits can be withdrawn, and that keeps disputes, validators and rewards.
 *
 * <p>A validator moves credits into <em>collateral</em>, and anyone into the <em>reward pool</em>,
 * from which accounts claim. At any time credits, deposits, collateral and pool add up to what was
 * issued less what was burned by slashing; and deposits, payments and withdrawals to what was
 * deposited.
 */
public interface FullLedger extends Ledger {
    /** How {@code payer}'s deposit stands. */
    Purse purse(Account payer) throws LedgerException, InterruptedException;

    /** How {@code payer} and {@code payee} stand. */
    PairRecord pair(Account payer, Account payee) throws LedgerException, InterruptedException;

    /**
     * Gives notice of a withdrawal: {@code Recorded}, or {@code NoChange} when notice of as much
     * was given. A notice that runs is lengthened by the new one.
     */
    Outcome noticeWithdrawal(Signed<Withdrawal> withdrawal)
            throws LedgerException, InterruptedException;

    /**
     * Returns to a payer's credits what it gave notice of, as far as vouchers and locks have left
     * it: {@code Paid}, or {@code NoChange} when nothing is to leave. Anyone may ask.
     */
    Outcome withdraw(Account payer) throws LedgerException, InterruptedException;

    /**
     * Keeps part of a deposit for one payee: {@code Recorded}, or {@code NoChange} when a lock of
     * the two with this end or a later one is known.
     */
    Outcome lock(Signed<Lock> lock) throws LedgerException, InterruptedException;

    /**
     * Frees a lock that is over: {@code Recorded}, or {@code NoChange} when nothing is locked.
     * Anyone may ask.
     */
    Outcome unlock(Account payer, Account payee) throws LedgerException, InterruptedException;

    /**
     * Opens a dispute over an agreement that is on the ledger: {@code Recorded}, or {@code
     * NoChange} when it is disputed already. Until it ends, as much of the payer's deposit as the
     * agreement can cost is locked for the payee, as far as it is free.
     */
    Outcome dispute(Agreement agreement, Signed<Dispute> dispute)
            throws LedgerException, InterruptedException;

    /**
     * Ends a dispute as the agreement's arbiter judges: {@code Paid} with what it moves, {@code
     * Recorded} when that is nothing, or {@code NoChange} when this verdict is known. Without a
     * verdict, what vouchers paid stands.
     */
    Outcome judge(Agreement agreement, Signed<Verdict> verdict)
            throws LedgerException, InterruptedException;

    /** The dispute over the agreement with this digest, if there is one. */
    Optional<DisputeRecord> disputed(Bytes32 agreement)
            throws LedgerException, InterruptedException;

    /**
     * Moves credits into collateral up to a sum: {@code Recorded}, or {@code NoChange} when as much
     * was put up. Whoever has {@link LedgerTerms.Seats#stakeMin} validates.
     */
    Outcome stake(Signed<Stake> stake) throws LedgerException, InterruptedException;

    /**
     * Gives notice to take back collateral, which then no longer counts: {@code Recorded}, or
     * {@code NoChange} when notice of as much was given.
     */
    Outcome noticeUnstake(Signed<Unstake> unstake) throws LedgerException, InterruptedException;

    /**
     * Returns to a validator's credits what it gave notice of, as far as it was not slashed: {@code
     * Paid}, or {@code NoChange} when nothing is to leave. Anyone may ask.
     */
    Outcome unstake(Account validator) throws LedgerException, InterruptedException;

    /**
     * Says where a validator's node is: {@code Recorded}, or {@code NoChange} when this record or a
     * newer one is known.
     */
    Outcome announce(Signed<PeerRecord> record) throws LedgerException, InterruptedException;

    /**
     * Takes all collateral of a validator that signed two roots for one epoch and bars it: {@code
     * Paid} with the share of whoever reports it; the rest is burned.
     */
    Outcome slash(Equivocation.Roots proof, Account reporter)
            throws LedgerException, InterruptedException;

    Registration registration(Account account) throws LedgerException, InterruptedException;

    /** Who validates, in no order. */
    List<Account> validators() throws LedgerException, InterruptedException;

    /**
     * Moves credits into the reward pool up to a sum: {@code Recorded}, or {@code NoChange} when as
     * much was put there.
     */
    Outcome fund(Signed<Funding> funding) throws LedgerException, InterruptedException;

    /**
     * Begins the delay after which a root counts: {@code Recorded}, or {@code NoChange} when it is
     * the one that was posted last.
     *
     * @param quorum more than two thirds of the validators, each once, in any order
     */
    Outcome postRoot(RewardRoot root, List<Endorsement> quorum)
            throws LedgerException, InterruptedException;

    /**
     * Takes back a root that does not count yet; its epoch is used up.
     *
     * @param veto as many validators as could have prevented it, each once, in any order
     */
    Outcome cancelRoot(RootCancel cancel, List<Endorsement> veto)
            throws LedgerException, InterruptedException;

    /**
     * Pays {@code account} what it has earned by the root that counts less what it has claimed
     * before: {@code Paid}, or {@code NoChange} when it has claimed as much. Anyone may ask.
     *
     * @param proof see {@link RewardTree#proof}
     */
    Outcome claim(Account account, Amount total, List<Bytes32> proof)
            throws LedgerException, InterruptedException;

    RewardStatus rewards() throws LedgerException, InterruptedException;

    /** All that {@code account} ever claimed. */
    Amount claimed(Account account) throws LedgerException, InterruptedException;

    /** All that {@code funder} ever put into the reward pool. */
    Amount funded(Account funder) throws LedgerException, InterruptedException;
}
