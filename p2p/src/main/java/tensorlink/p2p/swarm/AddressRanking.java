package tensorlink.p2p.swarm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * In which order the addresses of a peer are tried: the nearest first, because they are the
 * quickest to answer; to the rest of the world QUIC before TCP, which needs fewer round trips and
 * passes NATs, and on our own network TCP before QUIC, which moves more; WebSockets after both, and
 * relays last. IPv6 and IPv4 take turns (RFC 8305), so that a family that does not work costs one
 * head start. Otherwise the order given stays.
 */
final class AddressRanking {
    private AddressRanking() {}

    static List<Multiaddr> rank(List<Multiaddr> addresses) {
        var sorted = new ArrayList<>(addresses);
        sorted.sort(
                Comparator.comparingInt(AddressRanking::distance)
                        .thenComparingInt(AddressRanking::transport));
        var ranked = new ArrayList<Multiaddr>();
        int start = 0;
        while (start < sorted.size()) {
            int end = start + 1;
            while (end < sorted.size() && isAlike(sorted.get(start), sorted.get(end))) {
                end++;
            }
            interleave(sorted.subList(start, end), ranked);
            start = end;
        }
        return ranked;
    }

    private static boolean isAlike(Multiaddr one, Multiaddr other) {
        return distance(one) == distance(other) && transport(one) == transport(other);
    }

    private static int distance(Multiaddr address) {
        if (address.has(AddressProtocol.P2P_CIRCUIT)) {
            return 3;
        }
        return address.range()
                .map(range ->
                        switch (range) {
                            case LOOPBACK -> 0;
                            case LINK_LOCAL, PRIVATE -> 1;
                            case RESERVED, PUBLIC -> 2;
                        })
                .orElse(address.isLoopback() ? 0 : 2);
    }

    private static int transport(Multiaddr address) {
        boolean isFar = address.range().filter(AddressRange.PUBLIC::equals).isPresent();
        if (address.has(AddressProtocol.QUIC_V1)) {
            return isFar ? 0 : 2;
        }
        return address.has(AddressProtocol.WS) || address.has(AddressProtocol.WSS) ? 3 : 1;
    }

    /** The families take turns, IPv6 first. */
    private static void interleave(List<Multiaddr> alike, List<Multiaddr> ranked) {
        var six = new ArrayDeque<Multiaddr>();
        var others = new ArrayDeque<Multiaddr>();
        for (var address : alike) {
            Queue<Multiaddr> family = address.has(AddressProtocol.IP6) ? six : others;
            family.add(address);
        }
        while (!six.isEmpty() || !others.isEmpty()) {
            if (!six.isEmpty()) {
                ranked.add(six.remove());
            }
            if (!others.isEmpty()) {
                ranked.add(others.remove());
            }
        }
    }
}
