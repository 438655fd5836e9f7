package tensorlink.p2p.mux;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** Brings together the end of a stream and the actions that wait for it, in either order. */
final class Ending {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Runnable> actions = new ArrayList<>(2);
    private boolean isOver;

    /** Runs {@code action} at the end, or now when that is past. */
    void then(Runnable action) {
        lock.lock();
        try {
            if (!isOver) {
                actions.add(action);
                return;
            }
        } finally {
            lock.unlock();
        }
        action.run();
    }

    /** This is the end. */
    void over() {
        lock.lock();
        try {
            isOver = true;
        } finally {
            lock.unlock();
        }
        actions.forEach(Runnable::run);
        actions.clear();
    }
}
