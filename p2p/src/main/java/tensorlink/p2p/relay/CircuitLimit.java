package tensorlink.p2p.relay;

import java.time.Duration;

/**
 * What a relay lets through before it ends a circuit.
 *
 * @param duration zero for no bound
 * @param bytes in each direction; zero for no bound
 */
public record CircuitLimit(Duration duration, long bytes) {
    public static final CircuitLimit NONE = new CircuitLimit(Duration.ZERO, 0);

    public CircuitLimit {
        if (duration.isNegative() || bytes < 0) {
            throw new IllegalArgumentException(
                    "circuit limit of " + duration + " and " + bytes + " bytes");
        }
    }

    /** Whether there is no bound at all. */
    boolean isNone() {
        return equals(NONE);
    }
}
