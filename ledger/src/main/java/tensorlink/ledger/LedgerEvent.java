package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Instant;

/**
 * Something that happened on a ledger.
 *
 * @param at its place in the sequence
 * @param time when the ledger recorded it, by the ledger's clock
 */
public record LedgerEvent(Cursor at, Instant time, Change change) {

    /** Where to go on after this event. */
    public Cursor next() {
        return at.next();
    }

    /**
     * What happened; {@code cumulative} is the new sum since the beginning, {@code amount} the
     * step.
     */
    public sealed interface Change {
        record Issued(Account account, Amount amount, Amount cumulative) implements Change {}

        record Deposited(Account payer, Amount amount, Amount cumulative) implements Change {}

        record JobOpened(Bytes32 jobId, Account payer, Account notary) implements Change {}

        /** {@code agreement} is the digest that both sides signed. */
        record AgreementRecorded(Bytes32 jobId, Bytes32 agreement, Account payer, Account payee)
                implements Change {}

        record JobClosed(Bytes32 jobId, JobEnd end, Bytes32 resultHash, Account closer)
                implements Change {}

        record Redeemed(Account payer, Account payee, Amount amount, Amount cumulative)
                implements Change {}

        record WithdrawalNoticed(Account payer, Amount leaving, Instant ends) implements Change {}

        record Withdrawn(Account payer, Amount amount) implements Change {}

        record Locked(Account payer, Account payee, Amount amount, Instant until)
                implements Change {}

        record Unlocked(Account payer, Account payee, Amount amount) implements Change {}

        record Staked(Account validator, Amount amount, Amount cumulative) implements Change {}

        record UnstakeNoticed(Account validator, Amount leaving, Instant ends) implements Change {}

        record Unstaked(Account validator, Amount amount) implements Change {}

        record ValidatorJoined(Account validator) implements Change {}

        record ValidatorLeft(Account validator) implements Change {}

        record PeerAnnounced(Account validator, long serial, ByteString record) implements Change {}

        /** What of the collateral the reporter got; the rest is gone for good. */
        record Slashed(Account validator, Account reporter, Amount burned, Amount reported)
                implements Change {}

        record Funded(Account funder, Amount amount, Amount cumulative) implements Change {}

        record RootPosted(RewardRoot root, Instant activeFrom) implements Change {}

        record RootCancelled(long epoch) implements Change {}

        record Claimed(Account account, Amount amount, Amount cumulative) implements Change {}

        /** {@code locked} is what is now kept for the payee in all. */
        record Disputed(
                Bytes32 agreement, Account plaintiff, Bytes32 evidence, Instant ends, Amount locked)
                implements Change {}

        /** {@code cumulative} is the new sum of the pair, as in {@link Redeemed}. */
        record Judged(
                Bytes32 agreement, Account payer, Account payee, Amount amount, Amount cumulative)
                implements Change {}

        /**
         * What was told before did not happen after all: the chain has taken it back. Told newest
         * first, before what happened instead. A ledger that is its own truth tells none.
         */
        record Retracted(Change change) implements Change {}
    }
}
