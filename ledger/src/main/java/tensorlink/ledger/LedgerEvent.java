package tensorlink.ledger;

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
    }
}
