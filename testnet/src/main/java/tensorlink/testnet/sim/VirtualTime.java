package tensorlink.testnet.sim;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;

/**
 * Virtual time: the clock jumps to the next timer as soon as every thread waits.
 *
 * <p>Code that blocks runs unchanged on virtual threads, all of them carried by the thread that
 * called {@link #run}, one at a time, in the order in which they became ready; code that does not
 * block can be run by {@link #at} without a thread. So the same seed takes the same course every
 * time, and a thread that waits costs about 1 KiB. Threads may wait for each other and for this
 * clock, and for nothing else; everything here is to be called from inside.
 *
 * <p>The JDK makes virtual threads on another executor than its own but hides the door, which
 * {@code --add-opens java.base/java.lang=ALL-UNNAMED} opens; the launcher passes it.
 */
public final class VirtualTime implements Scheduler {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Method THREAD_MAKER = threadMaker();

    private final Queue<Runnable> ready = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final Executor carrier = ready::add;
    private long nanos;
    private long timersMade;

    /** Runs {@code body} in virtual time until it ends; what it started may still be there then. */
    public void run(Body body) throws IOException, InterruptedException {
        var failure = new Throwable[1];
        var thread =
                fork(
                        "simulation",
                        () -> {
                            try {
                                body.run();
                            } catch (Throwable thrown) {
                                failure[0] = thrown;
                            }
                        });
        while (thread.isAlive()) {
            step();
        }
        switch (failure[0]) {
            case null -> {}
            case IOException failed -> throw failed;
            case InterruptedException stopped -> throw stopped;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            case Throwable other -> throw new IllegalStateException(other);
        }
    }

    private void step() {
        var next = ready.poll();
        if (next != null) {
            next.run();
            return;
        }
        var timer = timers.poll();
        if (timer == null) {
            throw new IllegalStateException("every thread waits, and for no timer");
        }
        var task = timer.task;
        if (task != null) {
            nanos = timer.due;
            task.run();
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

    /** How long this has been going on. */
    public Duration elapsed() {
        return Duration.ofNanos(nanos);
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        return at(delay, () -> fork("timer", task));
    }

    /** Runs {@code task}, which must not block, after {@code delay}. */
    public Task at(Duration delay, Runnable task) {
        var timer = new Timer(nanos + Math.max(0, delay.toNanos()), timersMade++, task);
        timers.add(timer);
        return timer;
    }

    @Override
    public Thread fork(String name, Runnable body) {
        try {
            var thread = (Thread) THREAD_MAKER.invoke(null, carrier, name, 0, body);
            thread.start();
            return thread;
        } catch (IllegalAccessException | InvocationTargetException gone) {
            throw new LinkageError(gone.getMessage(), gone);
        }
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        var pause = new Pause(Thread.currentThread());
        var timer = at(duration, pause::end);
        try {
            pause.await();
        } finally {
            timer.cancel();
        }
    }

    private static Method threadMaker() {
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

    /** What is done in virtual time. */
    public interface Body {
        void run() throws IOException, InterruptedException;
    }

    /** One thread waiting for one moment. */
    private static final class Pause {
        private final Thread thread;
        private boolean over;

        Pause(Thread thread) {
            this.thread = thread;
        }

        void end() {
            over = true;
            LockSupport.unpark(thread);
        }

        void await() throws InterruptedException {
            while (!over) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.park(this);
            }
        }
    }

    private static final class Timer implements Task, Comparable<Timer> {
        private final long due;
        private final long number;

        /** Null once called off, so that what it would touch can be collected. */
        private @Nullable Runnable task;

        Timer(long due, long number, Runnable task) {
            this.due = due;
            this.number = number;
            this.task = task;
        }

        @Override
        public void cancel() {
            task = null;
        }

        @Override
        public int compareTo(Timer other) {
            return due != other.due
                    ? Long.compare(due, other.due)
                    : Long.compare(number, other.number);
        }
    }
}
