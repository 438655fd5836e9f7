package tensorlink.jobs.validator;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;

/**
 * So many of something within a period, which begins with the first. Safe for use by any thread.
 */
final class Allowance {
    private final int max;
    private final Duration period;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Instant begun = Instant.EPOCH;
    private int taken;

    Allowance(int max, Duration period, InstantSource clock) {
        this.max = max;
        this.period = period;
        this.clock = clock;
    }

    /** Takes one; false when there is none left. */
    boolean take() {
        var now = clock.instant();
        lock.lock();
        try {
            if (!now.isBefore(begun.plus(period))) {
                begun = now;
                taken = 0;
            }
            if (taken == max) {
                return false;
            }
            taken++;
            return true;
        } finally {
            lock.unlock();
        }
    }
}
