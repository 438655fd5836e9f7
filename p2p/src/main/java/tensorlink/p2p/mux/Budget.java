package tensorlink.p2p.mux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Limits;

/** What the streams of one connection may hold together. Safe for use by any thread. */
final class Budget {
    /** What a queued frame costs besides its bytes. */
    private static final int FRAME_OVERHEAD_BYTES = 128;

    private final Limits.Muxing limits;
    private final AtomicLong unsentBytes = new AtomicLong();
    private final AtomicInteger windowGrowth = new AtomicInteger();

    Budget(Limits.Muxing limits) {
        this.limits = limits;
    }

    /** Notes a frame with {@code length} bytes of payload as unsent and returns what it counts. */
    int charge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        unsentBytes.addAndGet(cost);
        return cost;
    }

    /** Undoes {@link #charge}. */
    int discharge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        unsentBytes.addAndGet(-cost);
        return cost;
    }

    /** Whether a stream that already has an unsent frame may add another. */
    boolean hasRoom() {
        return unsentBytes.get() < limits.unsentBytesMax();
    }

    boolean isEverythingSent() {
        return unsentBytes.get() == 0;
    }

    /** Decides by how much a receive window of {@code size} bytes grows. */
    int grow(int size) {
        int wanted = Math.min(size, limits.windowBytesMax() - size);
        while (true) {
            int grown = windowGrowth.get();
            int granted = Math.min(wanted, limits.windowGrowthBytesMax() - grown);
            if (granted <= 0) {
                return 0;
            }
            if (windowGrowth.compareAndSet(grown, grown + granted)) {
                return granted;
            }
        }
    }

    /** Takes back what a window had grown. */
    void shrink(int bytes) {
        windowGrowth.addAndGet(-bytes);
    }
}
