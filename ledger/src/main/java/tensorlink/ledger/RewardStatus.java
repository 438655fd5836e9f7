package tensorlink.ledger;

import java.time.Instant;
import java.util.Optional;

/**
 * How the rewards stand.
 *
 * @param pool what is there for claims
 * @param claimed all that was ever claimed
 * @param lastEpoch of the last root that was posted, cancelled or not; 0 before the first
 * @param active the root that claims are proven against
 * @param pending the root that waits for its delay to pass
 */
public record RewardStatus(
        Amount pool,
        Amount claimed,
        long lastEpoch,
        Optional<Posted> active,
        Optional<Posted> pending) {

    /** A root, and when it begins to count. */
    public record Posted(RewardRoot root, Instant activeFrom) {}
}
