package tensorlink.ledger.evm;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How often endpoints have told of something new. */
final class Heads {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private long told;

    void tell() {
        lock.lock();
        try {
            told++;
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long told() {
        lock.lock();
        try {
            return told;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it was more often than {@code seen}, or so long; returns how often it was. */
    long await(long seen, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = atMost.toNanos();
            while (told <= seen && left > 0) {
                left = more.awaitNanos(left);
            }
            return told;
        } finally {
            lock.unlock();
        }
    }
}
