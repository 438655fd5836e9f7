package tensorlink.ledger.evm;

import java.math.BigInteger;
import java.time.Duration;

/**
 * How a key's transactions get into blocks.
 *
 * @param feeCeiling the most that a unit of gas may cost, in wei; a transaction that needs more
 *     waits
 * @param look how often to look at the chain while waiting
 * @param blocksUntilBump after how many blocks without it a transaction offers an eighth more
 * @param patience how long to wait for a final block; after that the caller is told that the
 *     outcome is not known, and the transaction stays in the journal
 */
public record SenderSettings(
        BigInteger feeCeiling, Duration look, int blocksUntilBump, Duration patience) {

    public SenderSettings {
        if (feeCeiling.signum() <= 0
                || !look.isPositive()
                || blocksUntilBump < 1
                || patience.compareTo(look) < 0) {
            throw new IllegalArgumentException(
                    "bad settings: "
                            + feeCeiling
                            + ", "
                            + look
                            + ", "
                            + blocksUntilBump
                            + ", "
                            + patience);
        }
    }

    /** 500 gwei, a look each second, a bump after 3 blocks, half an hour of patience. */
    public static SenderSettings defaults() {
        return new SenderSettings(
                BigInteger.valueOf(500_000_000_000L),
                Duration.ofSeconds(1),
                3,
                Duration.ofMinutes(30));
    }
}
