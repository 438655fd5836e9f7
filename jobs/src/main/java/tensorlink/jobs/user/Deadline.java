package tensorlink.jobs.user;

import java.time.Duration;
import tensorlink.p2p.core.Scheduler;

/**
 * The end of a wait, which several waits may share.
 *
 * @param what is waited for, as in "step 3 to be prepared"
 */
public record Deadline(Scheduler scheduler, long start, Duration limit, String what) {

    /** A wait that begins now. */
    public static Deadline after(Scheduler scheduler, Duration limit, String what) {
        return new Deadline(scheduler, scheduler.nanoTime(), limit, what);
    }

    /** What is left of it, never negative. */
    Duration left() {
        var left = limit.minusNanos(scheduler.nanoTime() - start);
        return left.isNegative() ? Duration.ZERO : left;
    }
}
