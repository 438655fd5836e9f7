package tensorlink.p2p.identify;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;

/**
 * Finds out under which public addresses this host is seen, behind a NAT for instance. One peer may
 * lie, so an address counts only once peers in several networks (an IPv4 /24 or IPv6 /48 each) say
 * the same, and only for a while. What an outbound connection shows is a port that nobody listens
 * at; no two peers see the same one, so it never counts. Bounded; safe for use by any thread; time
 * is in nanoseconds.
 */
final class ObservedAddresses {
    static final int CANDIDATES_MAX = 64;
    static final int NETWORKS_MAX = 32;

    private final int observersMin;
    private final Duration lifetime;

    private final ReentrantLock lock = new ReentrantLock();

    /** For each address, when which network last said so. */
    private final LinkedHashMap<Multiaddr, Map<Subnet, Long>> candidates = new LinkedHashMap<>();

    ObservedAddresses(Limits.Identify limits) {
        this.observersMin = limits.observersMin();
        this.lifetime = limits.observationLifetime();
    }

    /** Somebody at {@code observer} sees us at {@code address}. */
    void observed(InetAddress observer, Multiaddr address, long now) {
        if (address.range().filter(AddressRange.PUBLIC::equals).isEmpty()) {
            return;
        }
        var network = Subnet.of(observer, observer instanceof Inet4Address ? 24 : 48);
        lock.lock();
        try {
            expire(now);
            var seen = candidates.computeIfAbsent(address, _ -> new HashMap<>());
            if (seen.containsKey(network) || seen.size() < NETWORKS_MAX) {
                seen.put(network, now);
            }
            if (candidates.size() > CANDIDATES_MAX) {
                candidates.remove(weakest());
            }
        } finally {
            lock.unlock();
        }
    }

    /** The oldest of those that the fewest networks see. */
    private Multiaddr weakest() {
        var weakest = candidates.firstEntry();
        for (var candidate : candidates.entrySet()) {
            if (candidate.getValue().size() < weakest.getValue().size()) {
                weakest = candidate;
            }
        }
        return weakest.getKey();
    }

    /** Where enough networks agree that we are. */
    List<Multiaddr> agreed(long now) {
        lock.lock();
        try {
            expire(now);
            var agreed = new ArrayList<Multiaddr>();
            for (var candidate : candidates.entrySet()) {
                if (candidate.getValue().size() >= observersMin) {
                    agreed.add(candidate.getKey());
                }
            }
            return agreed;
        } finally {
            lock.unlock();
        }
    }

    private void expire(long now) {
        for (var seen : candidates.values()) {
            seen.values().removeIf(at -> now - at >= lifetime.toNanos());
        }
        candidates.values().removeIf(Map::isEmpty);
    }
}
