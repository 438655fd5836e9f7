package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamTimeoutException;

/**
 * Bounds a blocking exchange as a whole, where a stream's own timeout bounds only each wait: a peer
 * that sends one byte now and then gains nothing by it.
 */
final class Deadline {
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean passed;
    private boolean over;

    private Deadline(Thread thread) {
        this.thread = thread;
    }

    /**
     * Runs {@code exchange} on the calling thread, which is interrupted after {@code limit}.
     *
     * @throws StreamTimeoutException when the limit passed first
     */
    static <T> T within(Duration limit, Scheduler scheduler, Exchange<T> exchange)
            throws IOException, InterruptedException {
        var deadline = new Deadline(Thread.currentThread());
        var alarm = scheduler.after(limit, deadline::pass);
        try {
            return exchange.run();
        } catch (IOException | InterruptedException stopped) {
            if (deadline.hasPassed()) {
                var timeout = new StreamTimeoutException("not finished within " + limit);
                timeout.addSuppressed(stopped);
                throw timeout;
            }
            throw stopped;
        } finally {
            alarm.cancel();
            deadline.end();
        }
    }

    private void pass() {
        lock.lock();
        try {
            if (!over) {
                passed = true;
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasPassed() {
        lock.lock();
        try {
            return passed;
        } finally {
            lock.unlock();
        }
    }

    /** Afterwards the thread is not interrupted by us any more, nor marked as such. */
    private void end() {
        lock.lock();
        try {
            over = true;
            if (passed) {
                Thread.interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Something that talks to a peer. */
    interface Exchange<T> {
        T run() throws IOException, InterruptedException;
    }
}
