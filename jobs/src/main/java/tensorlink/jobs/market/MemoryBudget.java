package tensorlink.jobs.market;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobId;

/**
 * The memory a worker lends, and what of it is promised to which job. Never promises more than
 * there is. Safe for use by any thread.
 */
public final class MemoryBudget {
    private final long total;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<JobId, Long> reserved = new HashMap<>();
    private long free;

    /** A budget of {@code total} bytes, all free. */
    public MemoryBudget(long total) {
        if (total < 0) {
            throw new IllegalArgumentException("budget of " + total + " bytes");
        }
        this.total = total;
        this.free = total;
    }

    public long total() {
        return total;
    }

    public long free() {
        lock.lock();
        try {
            return free;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Promises {@code bytes} to {@code job}, in place of any earlier promise to it.
     *
     * @return whether there was enough; if not, nothing has changed
     */
    public boolean reserve(JobId job, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("reservation of " + bytes + " bytes");
        }
        lock.lock();
        try {
            long available = free + reserved.getOrDefault(job, 0L);
            if (bytes > available) {
                return false;
            }
            reserved.put(job, bytes);
            free = available - bytes;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes back what was promised to {@code job}.
     *
     * @return how many bytes that was; 0 when nothing was promised
     */
    public long release(JobId job) {
        lock.lock();
        try {
            var bytes = reserved.remove(job);
            if (bytes == null) {
                return 0;
            }
            free += bytes;
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
