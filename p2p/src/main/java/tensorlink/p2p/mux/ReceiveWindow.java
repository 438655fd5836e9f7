package tensorlink.p2p.mux;

import java.util.function.LongSupplier;

/**
 * What a peer may still send on one stream, and when to let it send more. Credit returns only as
 * the application takes bytes, so what is not taken is bounded by the window. The window grows to
 * what the application takes in four round trips, because with less it, not the reader, would hold
 * the sender back; with more, bytes would only wait in queues, and what is urgent behind them.
 *
 * <p>Always: credit + bytes that wait for the application + bytes taken since the last grant =
 * size.
 */
final class ReceiveWindow {
    /** What the specification gives every stream. */
    static final int INITIAL_BYTES = 256 << 10;

    private static final int GROWTH_ROUND_TRIPS = 4;

    /** Threads of a busy machine wait for each other about so long, whatever the network does. */
    private static final long ROUND_TRIP_MIN = 1_000_000;

    private int size = INITIAL_BYTES;
    private int credit = INITIAL_BYTES;
    private int taken;

    /** Since when {@link #takenInSpan} counts: at least for as long as a window should last. */
    private long spanStart;

    private long takenInSpan;

    ReceiveWindow(long now) {
        this.spanStart = now;
    }

    /**
     * Notes {@code bytes} arriving; false, and nothing noted, when the peer may not send so much.
     */
    boolean receive(long bytes) {
        if (bytes > credit) {
            return false;
        }
        credit -= (int) bytes;
        return true;
    }

    /**
     * Notes {@code bytes} being taken by the application.
     *
     * @param now in nanoseconds
     * @param roundTrip gives nanoseconds; 0 when unknown, then the window does not grow
     * @return credit to grant now, or 0 while it is not worth a frame
     */
    int take(int bytes, long now, LongSupplier roundTrip, Growth growth) {
        taken += bytes;
        takenInSpan += bytes;
        if (taken < size / 2) {
            return 0;
        }
        int extra = 0;
        long wanted = wanted(now, patience(roundTrip.getAsLong())) - size;
        if (wanted > 0) {
            extra = growth.grow(size, (int) Math.min(wanted, size));
        }
        int grant = taken + extra;
        size += extra;
        credit += grant;
        taken = 0;
        return grant;
    }

    /**
     * What is taken in the time of {@code patience}, as far as that is known yet. A reader that was
     * held up and then takes much at once is not fast, so this is a mean over that time at least.
     */
    private long wanted(long now, long patience) {
        long span = now - spanStart;
        if (span < patience) {
            return takenInSpan;
        }
        long wanted = (long) ((double) takenInSpan * patience / Math.max(1, span));
        spanStart = now;
        takenInSpan = 0;
        return wanted;
    }

    private static long patience(long roundTrip) {
        return roundTrip == 0 ? 0 : GROWTH_ROUND_TRIPS * Math.max(roundTrip, ROUND_TRIP_MIN);
    }

    /**
     * Grows to {@code sizeMin} bytes at once, as far as that is allowed.
     *
     * @return credit to grant now
     */
    int raise(int sizeMin, Growth growth) {
        if (size >= sizeMin) {
            return 0;
        }
        int extra = growth.grow(size, sizeMin - size);
        size += extra;
        credit += extra;
        return extra;
    }

    /** By how much this window has grown beyond its initial size. */
    int grown() {
        return size - INITIAL_BYTES;
    }

    /** Decides how much a window may grow. */
    @FunctionalInterface
    interface Growth {
        /** By how many bytes a window of {@code size} bytes may grow, 0 to {@code wanted}. */
        int grow(int size, int wanted);
    }
}
