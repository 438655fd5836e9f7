package tensorlink.p2p.relay;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * {@code <relay's address>/p2p/<relay>/p2p-circuit/p2p/<target>}: a place behind a relay.
 *
 * @param relay with one address, or none when it is known otherwise
 * @param target empty for whoever has a place there
 */
record RelayedAddress(PeerInfo relay, Optional<PeerId> target) {

    /** Empty when {@code address} is no such address, or leads through several relays. */
    static Optional<RelayedAddress> parse(Multiaddr address) {
        var parts = address.parts();
        int circuit = 0;
        while (circuit < parts.size()
                && parts.get(circuit).protocol() != AddressProtocol.P2P_CIRCUIT) {
            circuit++;
        }
        if (circuit == 0 || circuit == parts.size()) {
            return Optional.empty();
        }
        var before = join(parts.subList(0, circuit));
        var after = join(parts.subList(circuit + 1, parts.size()));
        if (before == null || !endsInPeer(before) || isNested(before.withoutPeer())) {
            return Optional.empty();
        }
        if (after == null) {
            return Optional.of(new RelayedAddress(relay(before), Optional.empty()));
        }
        return after.parts().size() == 1 && endsInPeer(after)
                ? Optional.of(new RelayedAddress(relay(before), Optional.of(peer(after))))
                : Optional.empty();
    }

    private static @Nullable Multiaddr join(List<Multiaddr.Part> parts) {
        if (parts.isEmpty()) {
            return null;
        }
        var text = new StringBuilder();
        for (var part : parts) {
            text.append(part);
        }
        return Multiaddr.parse(text.toString());
    }

    private static boolean endsInPeer(Multiaddr address) {
        return address.parts().getLast().protocol() == AddressProtocol.P2P;
    }

    private static boolean isNested(Optional<Multiaddr> address) {
        return address.isPresent() && address.get().has(AddressProtocol.P2P);
    }

    private static PeerInfo relay(Multiaddr before) {
        return new PeerInfo(peer(before), before.withoutPeer().map(List::of).orElse(List.of()));
    }

    private static PeerId peer(Multiaddr address) {
        return new PeerId(address.parts().getLast().value());
    }

    /** How a peer behind {@code relay} is reached through {@code address}. */
    static Multiaddr through(Multiaddr address, PeerId relay) {
        return address.with(AddressProtocol.P2P, relay.toString())
                .with(AddressProtocol.P2P_CIRCUIT, "");
    }
}
