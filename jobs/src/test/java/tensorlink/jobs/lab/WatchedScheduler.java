package tensorlink.jobs.lab;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Scheduler;

/** The machine's clock and threads, and knows which threads and timers are alive. */
public final class WatchedScheduler implements Scheduler {
    private final Scheduler system = Scheduler.system();
    private volatile Duration ahead = Duration.ZERO;
    private final AtomicLong started = new AtomicLong();
    private final ConcurrentMap<Long, String> alive = new ConcurrentHashMap<>();

    /** Puts the wall clock forward; what waits for a time to pass goes on waiting. */
    public void advance(Duration by) {
        ahead = ahead.plus(by);
    }

    /** The names of the threads that run and the timers that are set. */
    public List<String> alive() {
        return alive.values().stream().sorted().toList();
    }

    @Override
    public Instant now() {
        return system.now().plus(ahead);
    }

    @Override
    public long nanoTime() {
        return system.nanoTime();
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        long number = started.incrementAndGet();
        alive.put(number, "timer of " + delay);
        var timer =
                system.after(
                        delay,
                        () -> {
                            try {
                                task.run();
                            } finally {
                                alive.remove(number);
                            }
                        });
        return () -> {
            timer.cancel();
            alive.remove(number);
        };
    }

    @Override
    public Thread fork(String name, Runnable body) {
        long number = started.incrementAndGet();
        alive.put(number, name);
        return system.fork(
                name,
                () -> {
                    try {
                        body.run();
                    } finally {
                        alive.remove(number);
                    }
                });
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        system.sleep(duration);
    }
}
