package tensorlink.p2p.mux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Limits;

/**
 * What the streams of one connection may hold together, within what the host can spare. Safe for
 * use by any thread.
 */
final class Budget {
    /** What a queued frame costs besides its bytes. */
    private static final int FRAME_OVERHEAD_BYTES = 128;

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

    /** Notes a frame with {@code length} bytes of payload as unsent and returns what it counts. */
    int charge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        unsentBytes.addAndGet(cost);
        return cost;
    }

    /** Undoes {@link #charge}. */
    int discharge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        if (unsentBytes.addAndGet(-cost) == 0) {
            host.release(leased.getAndSet(0));
        }
        return cost;
    }

    /** Whether a stream that already has an unsent frame may add another. */
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
