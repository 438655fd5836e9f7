package tensorlink.jobs.pipeline;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;

/** A number that only grows, and threads that wait for it to get somewhere. */
final class Progress {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long reached;
    private @Nullable Problem failure;

    Progress(long start) {
        this.reached = start;
    }

    void reach(long value) {
        lock.lock();
        try {
            reached = Math.max(reached, value);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void await(long value) throws JobException, InterruptedException {
        lock.lock();
        try {
            while (reached < value && failure == null) {
                changed.await();
            }
            if (reached < value && failure != null) {
                throw new JobException(failure);
            }
        } finally {
            lock.unlock();
        }
    }

    void fail(Problem reason) {
        lock.lock();
        try {
            if (failure == null) {
                failure = reason;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}
