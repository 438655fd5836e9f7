package tensorlink.p2p.core;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The machine's clocks. A delayed task is an entry in the queue of one thread, which only starts
 * the task's own: most timeouts are called off long before they are due and must cost little.
 */
enum SystemScheduler implements Scheduler {
    INSTANCE;

    private static final long DELAY_NANOS_MAX = Long.MAX_VALUE / 4;

    private static final ScheduledThreadPoolExecutor TIMERS = timers();

    private static ScheduledThreadPoolExecutor timers() {
        var threads = Thread.ofPlatform().name("p2p timers").daemon().factory();
        var timers = new ScheduledThreadPoolExecutor(1, threads);
        timers.setRemoveOnCancelPolicy(true);
        return timers;
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        var due = TIMERS.schedule(() -> fork("timer", task), nanos(delay), TimeUnit.NANOSECONDS);
        return () -> due.cancel(false);
    }

    private static long nanos(Duration delay) {
        boolean isLong = delay.compareTo(Duration.ofNanos(DELAY_NANOS_MAX)) > 0;
        return isLong ? DELAY_NANOS_MAX : delay.toNanos();
    }

    @Override
    public Thread fork(String name, Runnable body) {
        return Thread.ofVirtual().name(name).start(body);
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        Thread.sleep(duration);
    }
}
