package tensorlink.jobs.worker;

import java.io.IOException;
import java.time.Duration;
import tensorlink.jobs.message.Report;
import tensorlink.p2p.core.Scheduler;

/** Tells the user how loading goes, now and then. */
final class LoadingReport {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    /** Sends a report; fails when the user is gone. */
    interface Sender {
        void send(Report report) throws IOException, InterruptedException;
    }

    private final Scheduler scheduler;
    private final Sender sender;
    private final long total;
    private long done;
    private long last;

    LoadingReport(Scheduler scheduler, Sender sender, long total) {
        this.scheduler = scheduler;
        this.sender = sender;
        this.total = total;
        this.last = scheduler.nanoTime();
    }

    /** How many bytes it was last told of. */
    long done() {
        return done;
    }

    void came(long bytes) {
        done = bytes;
        long now = scheduler.nanoTime();
        if (now - last < INTERVAL.toNanos()) {
            return;
        }
        last = now;
        try {
            sender.send(new Report.Loading(bytes, Math.max(bytes, total)));
        } catch (IOException gone) {
            // The control stream's own reader ends the job.
            last = Long.MAX_VALUE;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
