package tensorlink.p2p.autonat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import tensorlink.p2p.peer.PeerId;

/**
 * For whom we dial: so often in a minute, so often for each peer, so many at the same time. It
 * remembers no more than the dials of the last minute. No clock and no lock of its own; time is in
 * nanoseconds.
 */
final class DialBackBook {
    private static final long WINDOW = Duration.ofMinutes(1).toNanos();

    private final AutoNatLimits limits;
    private final Deque<Dial> dials = new ArrayDeque<>();
    private int running;

    DialBackBook(AutoNatLimits limits) {
        this.limits = limits;
    }

    private record Dial(PeerId whose, long at) {}

    /** Asks for a dial; one that is granted must be {@linkplain #ended ended}. */
    boolean begin(PeerId peer, long now) {
        while (!dials.isEmpty() && now - dials.getFirst().at() >= WINDOW) {
            dials.removeFirst();
        }
        long theirs = dials.stream().filter(dial -> dial.whose().equals(peer)).count();
        if (running >= limits.dialsAtOnceMax()
                || dials.size() >= limits.dialsPerMinuteMax()
                || theirs >= limits.dialsPerPeerMax()) {
            return false;
        }
        dials.addLast(new Dial(peer, now));
        running++;
        return true;
    }

    void ended() {
        running--;
    }

    int remembered() {
        return dials.size();
    }
}
