package tensorlink.p2p.swarm;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/**
 * Remembers which addresses of which peers just failed and leaves them alone for a while, twice as
 * long each time. Half of each pause is chance, so that many who lost the same peer do not all come
 * back at once. Addresses on this machine are exempt: they cost nothing to try. Bounded; safe for
 * use by any thread; time is in nanoseconds.
 */
final class DialBackOff {
    static final int ENTRIES_MAX = 10_000;

    private final Duration min;
    private final Duration max;
    private final RandomGenerator random;

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<Place, Failures> failures = new LinkedHashMap<>();

    DialBackOff(Limits.Dialling limits, RandomGenerator random) {
        this.min = limits.backOffMin();
        this.max = limits.backOffMax();
        this.random = random;
    }

    /** For how long {@code address} should still be left alone; empty when it may be tried. */
    Optional<Duration> pause(PeerId peer, Multiaddr address, long now) {
        lock.lock();
        try {
            var failed = failures.get(new Place(peer, address));
            return failed == null || failed.until() - now <= 0
                    ? Optional.empty()
                    : Optional.of(Duration.ofNanos(failed.until() - now));
        } finally {
            lock.unlock();
        }
    }

    void failed(PeerId peer, Multiaddr address, long now) {
        if (address.isLoopback()) {
            return;
        }
        var place = new Place(peer, address);
        lock.lock();
        try {
            var before = failures.remove(place);
            int count = before == null ? 1 : before.count() + 1;
            failures.put(place, new Failures(count, now + pause(count)));
            if (failures.size() > ENTRIES_MAX) {
                failures.pollFirstEntry();
            }
        } finally {
            lock.unlock();
        }
    }

    private long pause(int count) {
        long pause = min.toNanos();
        for (int i = 1; i < count && pause < max.toNanos(); i++) {
            pause *= 2;
        }
        long capped = Math.min(pause, max.toNanos());
        return capped / 2 + random.nextLong(capped / 2 + 1);
    }

    /** {@code peer} was reached, or came by itself: all its addresses are worth a try. */
    void reached(PeerId peer) {
        lock.lock();
        try {
            failures.keySet().removeIf(place -> place.peer().equals(peer));
        } finally {
            lock.unlock();
        }
    }

    private record Place(PeerId peer, Multiaddr address) {}

    private record Failures(int count, long until) {}
}
