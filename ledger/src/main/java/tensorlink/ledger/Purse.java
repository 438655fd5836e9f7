package tensorlink.ledger;

/**
 * How a payer's deposit stands.
 *
 * @param balance what is neither paid nor withdrawn, locked or free
 * @param locked the part of {@code balance} that is kept for single payees
 * @param deposited and {@code withdrawn}: sums since the beginning
 */
public record Purse(
        Amount balance, Amount locked, Amount deposited, Amount withdrawn, Notice notice) {
    public static final Purse EMPTY =
            new Purse(Amount.ZERO, Amount.ZERO, Amount.ZERO, Amount.ZERO, Notice.NONE);

    /** What vouchers of any payee can be paid from. */
    public Amount free() {
        return balance.minus(locked);
    }
}
