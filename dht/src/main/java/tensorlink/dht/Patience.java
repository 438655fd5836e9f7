package tensorlink.dht;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.concurrent.locks.ReentrantLock;

/**
 * For how long lookups wait for one peer before they go on without it: a fixed time until some have
 * answered, then a few times as long as the slowest of the last ones took. Networks differ by a
 * factor of a thousand, and a constant that suits one stalls or starves the other. Safe for use by
 * any thread.
 */
final class Patience {
    /** Answers needed before they say something about the network. */
    private static final int SAMPLES_MIN = 3;

    private static final int SAMPLES_MAX = 32;
    private static final int FACTOR = 4;

    /** Not less, because machines pause. */
    private static final Duration MIN = Duration.ofMillis(250);

    private final Duration max;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Duration> last = new ArrayDeque<>();

    Patience(Duration max) {
        this.max = max;
    }

    /** Notes that a peer answered after {@code duration}. */
    void answered(Duration duration) {
        lock.lock();
        try {
            last.add(duration);
            if (last.size() > SAMPLES_MAX) {
                last.remove();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How long to wait for a peer asked now. */
    Duration limit() {
        lock.lock();
        try {
            if (last.size() < SAMPLES_MIN) {
                return max;
            }
            var limit = Collections.max(last).multipliedBy(FACTOR);
            if (limit.compareTo(MIN) < 0) {
                limit = MIN;
            }
            return limit.compareTo(max) < 0 ? limit : max;
        } finally {
            lock.unlock();
        }
    }
}
