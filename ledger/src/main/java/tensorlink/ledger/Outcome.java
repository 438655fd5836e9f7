package tensorlink.ledger;

/**
 * What became of a request to a {@link Ledger}. Once answered it is final: the ledger has stored it
 * durably, or the chain has.
 */
public sealed interface Outcome {

    /** Vouchers were redeemed and {@code amount} moved in all, more than zero. */
    record Paid(Amount amount) implements Outcome {}

    /** The statement is on the ledger now. */
    record Recorded() implements Outcome {}

    /** The ledger already says this, or something newer. */
    record NoChange() implements Outcome {}

    /**
     * Refused, and nothing has changed.
     *
     * @param message the values that clash, for people
     */
    record Rejected(Rejection code, String message) implements Outcome {}
}
