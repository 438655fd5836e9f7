package tensorlink.jobs;

import java.time.Duration;
import tensorlink.p2p.core.Scheduler;

/** How long it takes from one step to the next. One thread beats, any may ask. */
final class Pace {
    private final Scheduler scheduler;
    private long first;
    private long beats;
    private volatile Duration mean = Duration.ZERO;

    Pace(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** A step has been done. The first, which warms everything up, only starts the clock. */
    void beat() {
        long now = scheduler.nanoTime();
        if (beats == 0) {
            first = now;
        } else {
            mean = Duration.ofNanos((now - first) / beats);
        }
        beats++;
    }

    /** The average so far; zero before the second step. */
    Duration mean() {
        return mean;
    }
}
