package tensorlink.p2p.mux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.TrafficClass;

/** What the streams of one connection may hold together. Safe for use by any thread. */
final class Budget {
    private final Limits.Muxing limits;
    private final AtomicLong unsentBytes = new AtomicLong();
    private final AtomicInteger windowGrowth = new AtomicInteger();

    Budget(Limits.Muxing limits) {
        this.limits = limits;
    }

    /** Notes that {@code cost} more bytes wait to be sent. */
    void hold(int cost) {
        unsentBytes.addAndGet(cost);
    }

    /** Undoes {@link #hold}. */
    void free(int cost) {
        unsentBytes.addAndGet(-cost);
    }

    /** Whether a stream that already has unsent bytes may add others. */
    boolean hasRoom() {
        return unsentBytes.get() < limits.unsentBytesMax();
    }

    boolean isEverythingSent() {
        return unsentBytes.get() == 0;
    }

    /**
     * Decides by how much a receive window of {@code size} bytes grows.
     *
     * @param wanted bytes
     * @return 0 to {@code wanted}
     */
    int grow(int size, int wanted, TrafficClass traffic) {
        int sizeMax =
                traffic == TrafficClass.BULK
                        ? limits.bulkWindowBytesMax()
                        : limits.windowBytesMax();
        return reserve(Math.min(wanted, sizeMax - size));
    }

    private int reserve(int wanted) {
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
