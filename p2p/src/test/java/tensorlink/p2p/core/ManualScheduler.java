package tensorlink.p2p.core;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A clock that stands still until a test moves it; what is due then runs on the test's thread. */
public final class ManualScheduler implements Scheduler {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private final PriorityQueue<Due> queue =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingLong(Due::order));
    private long nanos;
    private long count;

    /** Moves the clock and runs what became due, in order. */
    public void advance(Duration by) {
        long end = nanoTime() + by.toNanos();
        for (var due = next(end); due != null; due = next(end)) {
            due.task().run();
        }
    }

    /**
     * Moves the clock to the next task due by {@code end}, or to {@code end} when there is none.
     */
    private @Nullable Due next(long end) {
        lock.lock();
        try {
            var next = queue.peek();
            boolean isDue = next != null && next.at() <= end;
            nanos = Math.max(nanos, next != null && isDue ? next.at() : end);
            moved.signalAll();
            return isDue ? queue.remove() : null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Instant now() {
        return Instant.parse("2026-01-01T00:00:00Z").plusNanos(nanoTime());
    }

    @Override
    public long nanoTime() {
        lock.lock();
        try {
            return nanos;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        lock.lock();
        try {
            var due = new Due(nanos + delay.toNanos(), count++, task);
            queue.add(due);
            return () -> remove(due);
        } finally {
            lock.unlock();
        }
    }

    private void remove(Due due) {
        lock.lock();
        try {
            queue.remove(due);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Thread fork(String name, Runnable body) {
        return Thread.ofVirtual().name(name).start(body);
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long end = nanos + duration.toNanos();
            while (nanos < end) {
                moved.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private record Due(long at, long order, Runnable task) {}
}
