package tensorlink.p2p.mux;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamTimeoutException;

/**
 * Where the thread of one direction of a stream waits, for as long as its timeout allows. A single
 * timer serves many short waits: it is set again only when it fires too early. Everything is called
 * with the lock held, but for {@link #step}.
 */
final class Wait {
    private static final int BYTES_PER_STEP = 1 << 20;

    private final ReentrantLock lock;
    private final Condition condition;
    private final Scheduler scheduler;
    private Duration timeout = Duration.ZERO;
    private Scheduler.@Nullable Task timer;
    private boolean isActive;
    private boolean isExpired;
    private long since;
    private int bytesWithoutWait;

    Wait(ReentrantLock lock, Scheduler scheduler) {
        this.lock = lock;
        this.condition = lock.newCondition();
        this.scheduler = scheduler;
    }

    /** Bounds later waits; {@link Duration#ZERO} does not. */
    void timeout(Duration limit) {
        timeout = limit;
        end();
    }

    /** There may be no later wait. */
    void end() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** Waits once; the caller then checks again what it waits for. */
    @SuppressWarnings("WaitNotInLoop") // its callers loop
    void await() throws StreamTimeoutException, InterruptedException {
        isExpired = false;
        since = scheduler.nanoTime();
        isActive = true;
        if (timer == null && timeout.isPositive()) {
            timer = scheduler.after(timeout, this::fire);
        }
        try {
            condition.await();
        } finally {
            isActive = false;
            bytesWithoutWait = 0;
        }
        if (isExpired) {
            throw new StreamTimeoutException("the remote was silent for " + timeout);
        }
    }

    private void fire() {
        lock.lock();
        try {
            timer = null;
            if (isActive) {
                var left = timeout.minusNanos(scheduler.nanoTime() - since);
                if (left.isPositive()) {
                    timer = scheduler.after(left, this::fire);
                } else {
                    isExpired = true;
                    condition.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** The remote was heard, though the waiting thread need not look. */
    void renew() {
        since = scheduler.nanoTime();
    }

    /** Lets the waiting thread look again. */
    void signal() {
        condition.signalAll();
    }

    /**
     * Notes that {@code bytes} were moved without a wait, by the thread that moves them and without
     * the lock. Virtual threads are not preempted: one that never has to wait must step aside by
     * itself.
     */
    @SuppressWarnings("ThreadPriorityCheck") // a yield is exactly what is meant
    void step(int bytes) {
        bytesWithoutWait += bytes;
        if (bytesWithoutWait >= BYTES_PER_STEP) {
            bytesWithoutWait = 0;
            Thread.yield();
        }
    }
}
