package tensorlink.p2p.mux;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Brings together the end of a stream and the one action that waits for it, in either order. */
final class Ending {
    private final AtomicReference<@Nullable Runnable> state = new AtomicReference<>();

    /** Runs {@code action} at the end, or now when that is past. Called at most once. */
    void then(Runnable action) {
        if (!state.compareAndSet(null, action)) {
            action.run();
        }
    }

    /** This is the end. */
    void over() {
        var action = state.getAndSet(Ending::nothing);
        if (action != null) {
            action.run();
        }
    }

    private static void nothing() {}
}
