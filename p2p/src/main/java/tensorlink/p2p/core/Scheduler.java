package tensorlink.p2p.core;

import java.time.Duration;
import java.time.Instant;

/**
 * Where time and threads come from, so that tests can supply a clock of their own.
 *
 * <p>{@link #system()} is the real one. Nothing else in this project reads a clock, sleeps or
 * starts a thread.
 */
public interface Scheduler {

    /** The wall clock, for what peers and people see. May jump. */
    Instant now();

    /** A monotonic clock in nanoseconds, for measuring and for deadlines. */
    long nanoTime();

    /** Runs {@code task} on a new virtual thread after {@code delay}, unless cancelled before. */
    Task after(Duration delay, Runnable task);

    /** Runs {@code body} at once on a new virtual thread called {@code name}. */
    Thread fork(String name, Runnable body);

    /** Blocks the calling thread for {@code duration}. */
    void sleep(Duration duration) throws InterruptedException;

    /** The machine's clocks and virtual threads. */
    static Scheduler system() {
        return SystemScheduler.INSTANCE;
    }

    /** A delayed run that may still be called off. */
    @FunctionalInterface
    interface Task {
        /** Calls the run off; without effect once it has begun. */
        void cancel();
    }
}
