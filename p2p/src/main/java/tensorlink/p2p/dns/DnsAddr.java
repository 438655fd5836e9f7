package tensorlink.p2p.dns;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Follows {@code /dnsaddr} addresses to ones that can be dialled. A record may lead to further
 * names; how deep and how far is bounded, and no name is asked twice.
 */
public final class DnsAddr {
    /** As in js-libp2p. */
    static final int DEPTH_MAX = 32;

    static final int LOOKUPS_MAX = 32;

    /** Of one name; the rest is not read. */
    static final int RECORDS_MAX = 100;

    private static final String PREFIX = "dnsaddr=";

    private final TxtLookup lookup;

    public DnsAddr(TxtLookup lookup) {
        this.lookup = lookup;
    }

    /** Whether {@code address} has to be resolved before it can be dialled. */
    public static boolean isOne(Multiaddr address) {
        return address.parts().getFirst().protocol() == AddressProtocol.DNSADDR;
    }

    /**
     * The addresses behind {@code address} that are {@code peer}'s, without its id; what is not
     * understood is skipped. Blocks.
     *
     * @param countMax how many at most
     * @throws IOException when there is none, saying why
     */
    public List<Multiaddr> resolve(Multiaddr address, PeerId peer, int countMax)
            throws IOException {
        var found = new LinkedHashSet<Multiaddr>();
        walk(
                address,
                answer -> {
                    if (found.size() < countMax && isOf(peer, answer)) {
                        answer.withoutPeer().ifPresent(found::add);
                    }
                    return found.size() < countMax;
                });
        if (found.isEmpty()) {
            throw new IOException(address + " leads to no address of " + peer);
        }
        return List.copyOf(found);
    }

    /**
     * Everybody behind {@code address}; what names no peer is skipped. Blocks.
     *
     * @param countMax how many addresses at most, of all peers together
     * @throws IOException when there is nobody, saying why
     */
    public List<PeerInfo> peers(Multiaddr address, int countMax) throws IOException {
        var found = new LinkedHashMap<PeerId, List<Multiaddr>>();
        int[] count = {0};
        walk(
                address,
                answer -> {
                    boolean isOfPeer =
                            answer.parts().size() > 1
                                    && answer.parts().getLast().protocol() == AddressProtocol.P2P;
                    if (count[0] < countMax && isOfPeer) {
                        var peer = PeerInfo.of(answer);
                        found.computeIfAbsent(peer.id(), _ -> new ArrayList<>())
                                .addAll(peer.addresses());
                        count[0]++;
                    }
                    return count[0] < countMax;
                });
        if (found.isEmpty()) {
            throw new IOException(address + " leads to no peer");
        }
        var peers = new ArrayList<PeerInfo>();
        found.forEach((id, addresses) -> peers.add(new PeerInfo(id, addresses)));
        return peers;
    }

    /** Follows names until {@code visitor} has enough of the addresses behind them. */
    private void walk(Multiaddr address, Predicate<Multiaddr> visitor) throws IOException {
        var asked = new HashSet<String>();
        var waiting = new ArrayDeque<Name>();
        waiting.add(Name.of(address, 1));
        boolean goesOn = true;
        while (goesOn && !waiting.isEmpty()) {
            var next = waiting.remove();
            if (!asked.add(next.name()) || next.depth() > DEPTH_MAX) {
                continue;
            }
            if (asked.size() > LOOKUPS_MAX) {
                throw new IOException(address + " leads to more than " + LOOKUPS_MAX + " names");
            }
            for (var answer : addresses(next)) {
                if (isOne(answer)) {
                    waiting.add(Name.of(answer, next.depth() + 1));
                } else {
                    goesOn &= visitor.test(answer);
                }
            }
        }
    }

    private List<Multiaddr> addresses(Name name) throws IOException {
        var texts = lookup.texts("_dnsaddr." + name.name());
        var addresses = new ArrayList<Multiaddr>();
        for (var text : texts.subList(0, Math.min(texts.size(), RECORDS_MAX))) {
            if (text.startsWith(PREFIX)) {
                parse(text.substring(PREFIX.length())).ifPresent(addresses::add);
            }
        }
        return addresses;
    }

    /** What is unknown here may be known to others. */
    private static Optional<Multiaddr> parse(String text) {
        try {
            return Optional.of(Multiaddr.parse(text));
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    private static boolean isOf(PeerId peer, Multiaddr address) {
        var last = address.parts().getLast();
        return last.protocol() == AddressProtocol.P2P && last.value().equals(peer.multihash());
    }

    /** A name to ask for, and over how many others it was reached. */
    private record Name(String name, int depth) {
        static Name of(Multiaddr address, int depth) {
            return new Name(address.parts().getFirst().text(), depth);
        }
    }
}
