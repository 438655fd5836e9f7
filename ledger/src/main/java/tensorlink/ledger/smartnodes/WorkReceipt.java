package tensorlink.ledger.smartnodes;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

/**
 * What a validator knows of a worker's part in a job.
 *
 * @param job the SHA-256 of its description
 * @param worker the account that is paid
 * @param bytes of memory that the worker's modules took
 * @param seconds for which they did
 */
public record WorkReceipt(Bytes32 job, Account worker, long bytes, long seconds) {
    private static final BigDecimal SECONDS_IN_HOUR = BigDecimal.valueOf(3_600);

    public WorkReceipt {
        worker.checkNamed("worker");
        if (bytes < 0 || seconds < 0) {
            throw new IllegalArgumentException(
                    "bytes and seconds are not negative: " + bytes + ", " + seconds);
        }
    }

    /** In bytes times hours; half a unit goes to the even one, as Python rounds. */
    BigInteger capacity() {
        return BigDecimal.valueOf(bytes)
                .multiply(BigDecimal.valueOf(seconds))
                .divide(SECONDS_IN_HOUR, 0, RoundingMode.HALF_EVEN)
                .toBigIntegerExact();
    }
}
