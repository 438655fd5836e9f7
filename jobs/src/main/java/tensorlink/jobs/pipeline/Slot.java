package tensorlink.jobs.pipeline;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.p2p.core.Scheduler;

/** Something that will be there once, or will not; threads wait for which it is. */
public final class Slot<T> {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable T value;
    private @Nullable Problem failure;

    /** Fills the slot; false when it is filled already or has failed. */
    public boolean fill(T filling) {
        lock.lock();
        try {
            if (value != null || failure != null) {
                return false;
            }
            value = filling;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** What is in the slot now, if anything. */
    public Optional<T> now() {
        lock.lock();
        try {
            return Optional.ofNullable(value);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the slot is filled.
     *
     * @throws JobException when it has failed instead
     */
    public T await() throws JobException, InterruptedException {
        lock.lock();
        try {
            while (value == null && failure == null) {
                changed.await();
            }
            if (value == null) {
                throw new JobException(java.util.Objects.requireNonNull(failure));
            }
            return value;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits at most {@code limit}; then the slot fails.
     *
     * @param late why it fails in this case
     */
    public T await(Scheduler scheduler, Duration limit, Problem late)
            throws JobException, InterruptedException {
        var timer = scheduler.after(limit, () -> fail(late));
        try {
            return await();
        } finally {
            timer.cancel();
        }
    }

    /** Fails the slot unless it is filled; the first reason given stands. */
    public void fail(Problem reason) {
        lock.lock();
        try {
            if (value == null && failure == null) {
                failure = reason;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}
