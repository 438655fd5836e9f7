package tensorlink.p2p.core;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The machine's clocks; a delayed task is a sleeping virtual thread, which costs a few hundred
 * bytes.
 */
enum SystemScheduler implements Scheduler {
    INSTANCE;

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
        var decided = new AtomicBoolean();
        var thread =
                fork(
                        "timer",
                        () -> {
                            try {
                                Thread.sleep(delay);
                            } catch (InterruptedException cancelled) {
                                return;
                            }
                            if (decided.compareAndSet(false, true)) {
                                task.run();
                            }
                        });
        return () -> {
            if (decided.compareAndSet(false, true)) {
                thread.interrupt();
            }
        };
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
