package tensorlink.p2p.mux;

import java.util.LinkedHashSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which of a connection's streams QUIC sends first: each of those that send has its turn for {@link
 * #QUANTUM_BYTES}.
 *
 * <p>Left alone, QUIC puts the streams of one urgency into packets in turns, so that whatever
 * arrives at once is a little of each and every reader is woken for it. Turns of many packets keep
 * what is read at once together. While the stream whose turn it is has nothing to send, the others
 * send as ever.
 *
 * <p>Used on the connection's event loop only.
 */
final class QuicTurns {
    static final int QUANTUM_BYTES = 256 << 10;

    /** What takes turns. */
    interface Taker {
        /** It goes before the others of its urgency, or with them. */
        void goesFirst(boolean isFirst);

        /** Bytes wait to be sent. */
        boolean isWaiting();
    }

    /** Those of which bytes wait; the first has the turn. */
    private final LinkedHashSet<Taker> ring = new LinkedHashSet<>();

    private @Nullable Taker first;
    private int left = QUANTUM_BYTES;

    /** QUIC took {@code bytes} of {@code taker}. */
    void sent(Taker taker, int bytes) {
        if (taker.isWaiting()) {
            ring.add(taker);
        }
        if (ring.isEmpty()) {
            return;
        }
        var holder = ring.getFirst();
        if (taker.equals(holder)) {
            left -= bytes;
        }
        if (!holder.isWaiting()) {
            ring.removeFirst();
            begin();
        } else if (left <= 0) {
            ring.addLast(ring.removeFirst());
            begin();
        } else {
            prefer();
        }
    }

    /** {@code taker} sends no more. */
    void gone(Taker taker) {
        boolean hadTurn = !ring.isEmpty() && taker.equals(ring.getFirst());
        ring.remove(taker);
        if (hadTurn) {
            begin();
        }
    }

    private void begin() {
        left = QUANTUM_BYTES;
        prefer();
    }

    /** Nobody needs to go first who sends alone. */
    private void prefer() {
        var next = ring.size() > 1 ? ring.getFirst() : null;
        if (!Objects.equals(next, first)) {
            if (first != null) {
                first.goesFirst(false);
            }
            if (next != null) {
                next.goesFirst(true);
            }
            first = next;
        }
    }
}
