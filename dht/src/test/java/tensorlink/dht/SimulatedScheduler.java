package tensorlink.dht;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import tensorlink.p2p.core.Scheduler;

/**
 * Virtual time: the clock jumps to the next timer as soon as every thread waits.
 *
 * <p>The code under test runs unchanged on virtual threads, all of them carried by the test's own
 * thread, one at a time, in the order in which they became ready. Hours pass in milliseconds, and
 * the same test takes the same course every time. Threads may wait for each other and for this
 * clock, and for nothing else.
 */
final class SimulatedScheduler implements Scheduler {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Queue<Runnable> ready = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long nanos;
    private long timersMade;

    /** Runs {@code body} in virtual time until it ends; what it started may still be there then. */
    void run(Body body) throws IOException, InterruptedException {
        var failure = new Throwable[1];
        var thread =
                fork(
                        "test",
                        () -> {
                            try {
                                body.run();
                            } catch (Throwable thrown) {
                                failure[0] = thrown;
                            }
                        });
        while (thread.isAlive()) {
            var next = ready.poll();
            if (next != null) {
                next.run();
            } else {
                ring();
            }
        }
        switch (failure[0]) {
            case null -> {}
            case IOException failed -> throw failed;
            case InterruptedException stopped -> throw stopped;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            case Throwable other -> throw new AssertionError(other);
        }
    }

    private void ring() {
        var timer = timers.poll();
        if (timer == null) {
            throw new AssertionError("every thread waits, and for no timer");
        }
        if (!timer.cancelled) {
            nanos = timer.due;
            fork("timer", timer.task);
        }
    }

    @Override
    public Instant now() {
        return START.plusNanos(nanos);
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        var timer = new Timer(nanos + delay.toNanos(), timersMade++, task);
        timers.add(timer);
        return () -> timer.cancelled = true;
    }

    @Override
    public Thread fork(String name, Runnable body) {
        var thread = VirtualThreads.create(ready::add, name, body);
        thread.start();
        return thread;
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        var over = new CountDownLatch(1);
        var timer = after(duration, over::countDown);
        try {
            over.await();
        } finally {
            timer.cancel();
        }
    }

    /** What a test does in virtual time. */
    interface Body {
        void run() throws IOException, InterruptedException;
    }

    private static final class Timer implements Comparable<Timer> {
        private final long due;
        private final long number;
        private final Runnable task;
        private boolean cancelled;

        Timer(long due, long number, Runnable task) {
            this.due = due;
            this.number = number;
            this.task = task;
        }

        @Override
        public int compareTo(Timer other) {
            return due != other.due
                    ? Long.compare(due, other.due)
                    : Long.compare(number, other.number);
        }
    }

    /** The JDK makes virtual threads on another executor than its own, but hides the door. */
    private static final class VirtualThreads {
        private static final Method MAKE = door();

        private static Method door() {
            try {
                var door =
                        Class.forName("java.lang.ThreadBuilders")
                                .getDeclaredMethod(
                                        "newVirtualThread",
                                        Executor.class,
                                        String.class,
                                        int.class,
                                        Runnable.class);
                door.setAccessible(true);
                return door;
            } catch (ReflectiveOperationException gone) {
                throw new LinkageError(gone.getMessage(), gone);
            }
        }

        static Thread create(Executor carrier, String name, Runnable body) {
            try {
                return (Thread) MAKE.invoke(null, carrier, name, 0, body);
            } catch (IllegalAccessException | InvocationTargetException gone) {
                throw new LinkageError(gone.getMessage(), gone);
            }
        }
    }
}
