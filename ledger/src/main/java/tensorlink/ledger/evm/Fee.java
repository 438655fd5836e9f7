package tensorlink.ledger.evm;

import java.math.BigInteger;
import java.util.Optional;

/**
 * What a transaction offers for a unit of gas, in wei (EIP-1559).
 *
 * @param tip to whoever makes the block
 * @param cap tip and base fee together; never less than the tip
 */
record Fee(BigInteger tip, BigInteger cap) {
    private static final BigInteger EIGHT = BigInteger.valueOf(8);
    private static final BigInteger NINE = BigInteger.valueOf(9);

    Fee {
        if (tip.signum() < 0 || cap.compareTo(tip) < 0) {
            throw new IllegalArgumentException("bad fee: tip " + tip + ", cap " + cap);
        }
    }

    /** Good for a base fee that doubles; empty when even today's is more than {@code ceiling}. */
    static Optional<Fee> initial(BigInteger base, BigInteger tip, BigInteger ceiling) {
        if (base.add(tip).compareTo(ceiling) > 0) {
            return Optional.empty();
        }
        return Optional.of(new Fee(tip, base.shiftLeft(1).add(tip).min(ceiling)));
    }

    /**
     * An eighth more of both, since nodes replace a transaction only where both have risen by a
     * tenth; empty when that is more than {@code ceiling}.
     */
    Optional<Fee> bumped(BigInteger ceiling) {
        var more = new Fee(eighthMore(tip), eighthMore(cap));
        return more.cap.compareTo(ceiling) > 0 ? Optional.empty() : Optional.of(more);
    }

    private static BigInteger eighthMore(BigInteger value) {
        return value.multiply(NINE)
                .add(EIGHT)
                .subtract(BigInteger.ONE)
                .divide(EIGHT)
                .max(value.add(BigInteger.ONE));
    }
}
