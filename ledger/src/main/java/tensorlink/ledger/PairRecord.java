package tensorlink.ledger;

import java.time.Instant;

/**
 * How a payer and one payee stand.
 *
 * @param redeemed all that vouchers and verdicts ever paid
 * @param locked the part of the payer's deposit that is kept for this payee
 * @param lockedUntil the end of the last lock; the epoch before the first
 */
public record PairRecord(Amount redeemed, Amount locked, Instant lockedUntil) {
    public static final PairRecord NONE = new PairRecord(Amount.ZERO, Amount.ZERO, Instant.EPOCH);
}
