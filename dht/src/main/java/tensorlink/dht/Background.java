package tensorlink.dht;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Scheduler;

/** The threads that a DHT runs beside those of its callers; all of them end when it closes. */
final class Background implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Background.class);

    private final Scheduler scheduler;

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Thread> threads = new LinkedHashSet<>();
    private boolean closed;

    Background(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Runs {@code work} on a thread of its own, unless closed; interrupting it ends the work. */
    Job start(String name, Work work) {
        lock.lock();
        try {
            if (closed) {
                return () -> {};
            }
            var thread = scheduler.fork(name, () -> run(name, work));
            threads.add(thread);
            return thread::interrupt;
        } finally {
            lock.unlock();
        }
    }

    private void run(String name, Work work) {
        try {
            work.run();
        } catch (InterruptedException ended) {
            log.trace("{} ended", name);
        } catch (RuntimeException bug) {
            log.error("{} broke", name, bug);
        } finally {
            lock.lock();
            try {
                threads.remove(Thread.currentThread());
            } finally {
                lock.unlock();
            }
        }
    }

    /** How many threads run. */
    int size() {
        lock.lock();
        try {
            return threads.size();
        } finally {
            lock.unlock();
        }
    }

    /** Interrupts all threads and waits for them to end. */
    @Override
    public void close() {
        List<Thread> running;
        lock.lock();
        try {
            closed = true;
            running = List.copyOf(threads);
        } finally {
            lock.unlock();
        }
        running.forEach(Thread::interrupt);
        try {
            for (var thread : running) {
                thread.join();
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }

    /** A thread that runs until its work is done or it is stopped. */
    @FunctionalInterface
    interface Job {
        void stop();
    }

    /** What a thread does. */
    interface Work {
        void run() throws InterruptedException;
    }
}
