package tensorlink.p2p.security;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes something when it is first wanted, and never again: a host that speaks no TLS must not pay
 * for it. Safe for use by any thread.
 */
final class Once<T> implements Supplier<T> {
    private final Supplier<T> maker;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable T made;

    Once(Supplier<T> maker) {
        this.maker = maker;
    }

    @Override
    public T get() {
        var ready = made;
        if (ready != null) {
            return ready;
        }
        lock.lock();
        try {
            var current = made;
            if (current == null) {
                current = maker.get();
                made = current;
            }
            return current;
        } finally {
            lock.unlock();
        }
    }
}
