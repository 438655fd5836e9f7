package tensorlink.p2p.relay;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.PeerId;

/**
 * Whom a relay serves: who has a reservation, how many circuits each peer has, and what one place
 * on the network may take. Loopback and places without an IP address count only for the whole. No
 * clock and no lock of its own; time is in nanoseconds.
 */
final class RelayBook {
    private final RelayLimits limits;
    private final Map<PeerId, Entry> reservations = new LinkedHashMap<>();
    private final Map<PeerId, Integer> circuits = new HashMap<>();
    private int circuitsOpen;

    RelayBook(RelayLimits limits) {
        this.limits = limits;
    }

    private record Entry(Optional<InetAddress> from, long until) {}

    /**
     * Gives {@code peer} a place, or renews it.
     *
     * @param from where it is connected from
     * @return {@link RelayStatus#OK} or why not
     */
    RelayStatus reserve(PeerId peer, Optional<InetAddress> from, long now) {
        expire(now);
        var counted = from.filter(address -> !address.isLoopbackAddress());
        int there = 0;
        int near = 0;
        for (var entry : reservations.entrySet()) {
            if (entry.getKey().equals(peer)) {
                continue;
            }
            var other = entry.getValue().from();
            there += areTogether(counted, other, 32, 56) ? 1 : 0;
            near += areTogether(counted, other, 24, 48) ? 1 : 0;
        }
        boolean isFull =
                !reservations.containsKey(peer) && reservations.size() >= limits.reservationsMax();
        if (isFull
                || there >= limits.reservationsPerAddressMax()
                || near >= limits.reservationsPerSubnetMax()) {
            return RelayStatus.RESERVATION_REFUSED;
        }
        reservations.put(peer, new Entry(counted, now + limits.reservationTtl().toNanos()));
        return RelayStatus.OK;
    }

    private static boolean areTogether(
            Optional<InetAddress> one, Optional<InetAddress> other, int bits4, int bits6) {
        if (one.isEmpty() || other.isEmpty()) {
            return false;
        }
        int bits = one.get() instanceof Inet4Address ? bits4 : bits6;
        return one.get().getClass() == other.get().getClass()
                && Subnet.of(one.get(), bits).contains(other.get());
    }

    /**
     * Opens a circuit; one that is opened must be {@linkplain #ended ended}.
     *
     * @return {@link RelayStatus#OK} or why not
     */
    RelayStatus open(PeerId source, PeerId target, long now) {
        expire(now);
        if (source.equals(target)) {
            return RelayStatus.PERMISSION_DENIED;
        }
        if (!reservations.containsKey(target)) {
            return RelayStatus.NO_RESERVATION;
        }
        if (circuitsOpen >= limits.circuitsMax()
                || circuits(source) >= limits.circuitsPerPeerMax()
                || circuits(target) >= limits.circuitsPerPeerMax()) {
            return RelayStatus.RESOURCE_LIMIT_EXCEEDED;
        }
        circuitsOpen++;
        circuits.merge(source, 1, Integer::sum);
        circuits.merge(target, 1, Integer::sum);
        return RelayStatus.OK;
    }

    /** A circuit that was opened is over. */
    void ended(PeerId source, PeerId target) {
        circuitsOpen--;
        leave(source);
        leave(target);
    }

    private void leave(PeerId peer) {
        circuits.computeIfPresent(peer, (_, count) -> count == 1 ? null : count - 1);
    }

    /** {@code peer} has no connection any more, and so no place. */
    void left(PeerId peer) {
        reservations.remove(peer);
    }

    int reservations(long now) {
        expire(now);
        return reservations.size();
    }

    int circuits(PeerId peer) {
        return circuits.getOrDefault(peer, 0);
    }

    int circuits() {
        return circuitsOpen;
    }

    private void expire(long now) {
        reservations.values().removeIf(entry -> now - entry.until() >= 0);
    }
}
