package tensorlink.jobs.pipeline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.p2p.core.Scheduler;

/**
 * A bounded queue between threads that can come to an end: once it has failed, whoever waits on
 * either side is told why, now and later, and what is still in it is disposed of.
 */
public final class Inbox<T> {
    private final int capacity;
    private final Consumer<T> disposal;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<T> items = new ArrayDeque<>();
    private @Nullable Problem failure;

    /**
     * @param capacity the most items waiting, at least 1
     * @param disposal called for items that nobody will take
     */
    public Inbox(int capacity, Consumer<T> disposal) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity " + capacity);
        }
        this.capacity = capacity;
        this.disposal = disposal;
    }

    /**
     * Adds an item, waiting for room.
     *
     * @throws JobException when the inbox has failed; the item is then disposed of
     */
    public void put(T item) throws JobException, InterruptedException {
        lock.lock();
        try {
            while (items.size() >= capacity && failure == null) {
                changed.await();
            }
            if (failure == null) {
                items.addLast(item);
                changed.signalAll();
                return;
            }
        } catch (InterruptedException interrupted) {
            disposal.accept(item);
            throw interrupted;
        } finally {
            lock.unlock();
        }
        disposal.accept(item);
        throw new JobException(failure);
    }

    /**
     * Takes the oldest item, waiting for one.
     *
     * @throws JobException when the inbox has failed
     */
    public T take() throws JobException, InterruptedException {
        lock.lock();
        try {
            while (items.isEmpty() && failure == null) {
                changed.await();
            }
            if (failure != null) {
                throw new JobException(failure);
            }
            var item = items.removeFirst();
            changed.signalAll();
            return item;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the oldest item, waiting for one at most {@code limit}; then the inbox fails.
     *
     * @param late why it fails in this case
     */
    public T take(Scheduler scheduler, Duration limit, Problem late)
            throws JobException, InterruptedException {
        var timer = scheduler.after(limit, () -> fail(late));
        try {
            return take();
        } finally {
            timer.cancel();
        }
    }

    /** Ends the queue; the first reason given stands. */
    public void fail(Problem reason) {
        Deque<T> orphans;
        lock.lock();
        try {
            if (failure != null) {
                return;
            }
            failure = reason;
            orphans = new ArrayDeque<>(items);
            items.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        orphans.forEach(disposal);
    }
}
