package tensorlink.jobs.lab;

import java.time.Duration;
import tensorlink.jobs.job.JobLimits;

/**
 * Limits for tests: long enough for a busy machine, but for the one that a test waits for.
 *
 * <p>Mutable while a test sets it up.
 */
public final class Patience {
    private Duration capability = Duration.ofSeconds(10);
    private Duration offer = Duration.ofSeconds(10);
    private Duration reservation = Duration.ofMinutes(1);
    private Duration request = Duration.ofSeconds(20);
    private Duration open = Duration.ofSeconds(10);
    private Duration load = Duration.ofSeconds(15);
    private Duration link = Duration.ofSeconds(10);
    private Duration batch = Duration.ofSeconds(30);
    private Duration close = Duration.ofSeconds(10);
    private Duration beat = Duration.ofMillis(200);
    private Duration silence = Duration.ofSeconds(10);
    private Duration grace = Duration.ZERO;

    private Patience() {}

    public static Patience enough() {
        return new Patience();
    }

    public Patience capability(Duration limit) {
        capability = limit;
        return this;
    }

    public Patience offer(Duration limit) {
        offer = limit;
        return this;
    }

    public Patience reservation(Duration limit) {
        reservation = limit;
        return this;
    }

    public Patience request(Duration limit) {
        request = limit;
        return this;
    }

    public Patience open(Duration limit) {
        open = limit;
        return this;
    }

    public Patience load(Duration limit) {
        load = limit;
        return this;
    }

    public Patience link(Duration limit) {
        link = limit;
        return this;
    }

    public Patience batch(Duration limit) {
        batch = limit;
        return this;
    }

    public Patience close(Duration limit) {
        close = limit;
        return this;
    }

    public Patience silence(Duration limit) {
        silence = limit;
        return this;
    }

    public Patience grace(Duration limit) {
        grace = limit;
        return this;
    }

    public JobLimits limits() {
        return new JobLimits(
                capability,
                offer,
                reservation,
                request,
                open,
                load,
                link,
                batch,
                close,
                beat,
                silence,
                grace,
                1 << 20);
    }
}
