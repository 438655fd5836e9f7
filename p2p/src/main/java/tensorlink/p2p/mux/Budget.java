package tensorlink.p2p.mux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Purpose;

/**
 * What the streams of one connection may hold together, within what the host can spare. Safe for
 * use by any thread.
 */
final class Budget {
    /** In which steps memory for unsent bytes is asked for. */
    private static final int LEASE_BYTES = 256 << 10;

    private final Limits.Muxing limits;
    private final MuxedConnection.Events host;
    private final AtomicInteger leased = new AtomicInteger();
    private final AtomicLong unsentBytes = new AtomicLong();
    private final AtomicInteger windowGrowth = new AtomicInteger();

    Budget(Limits.Muxing limits, MuxedConnection.Events host) {
        this.limits = limits;
        this.host = host;
    }

    /** Notes that {@code cost} more bytes wait to be sent. */
    void hold(int cost) {
        unsentBytes.addAndGet(cost);
    }

    /** Undoes {@link #hold}. */
    void free(int cost) {
        if (unsentBytes.addAndGet(-cost) == 0) {
            host.release(leased.getAndSet(0));
        }
    }

    /** Whether a stream that already has unsent bytes may add others. */
    boolean hasRoom() {
        long unsent = unsentBytes.get();
        return unsent < limits.unsentBytesMax() && (unsent < leased.get() || lease());
    }

    private boolean lease() {
        if (!host.reserve(LEASE_BYTES)) {
            return false;
        }
        leased.addAndGet(LEASE_BYTES);
        return true;
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
    int grow(int size, int wanted, Purpose purpose) {
        int sizeMax =
                purpose == Purpose.BULK ? limits.bulkWindowBytesMax() : limits.windowBytesMax();
        int allowed = Math.min(wanted, sizeMax - size);
        while (true) {
            int grown = windowGrowth.get();
            int granted = Math.min(allowed, limits.windowGrowthBytesMax() - grown);
            if (granted <= 0) {
                return 0;
            }
            if (windowGrowth.compareAndSet(grown, grown + granted)) {
                return host.reserve(granted) ? granted : giveUp(granted);
            }
        }
    }

    private int giveUp(int granted) {
        windowGrowth.addAndGet(-granted);
        return 0;
    }

    /** Takes back what a window had grown. */
    void shrink(int bytes) {
        windowGrowth.addAndGet(-bytes);
        host.release(bytes);
    }
}
