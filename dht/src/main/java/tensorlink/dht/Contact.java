package tensorlink.dht;

import java.time.Instant;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A peer in the routing table.
 *
 * @param info where it said it listens when it last answered
 * @param group which addresses it shares its fate with; empty for those of a local network
 * @param since since when we know it without a break
 * @param seen when it last answered or asked
 * @param lost whether it has not answered since
 */
record Contact(
        PeerInfo info,
        Key key,
        Optional<AddressGroup> group,
        Instant since,
        Instant seen,
        boolean lost) {

    /** One that answers at {@code now}; what it cannot choose about its address decides. */
    static Contact of(KadNetwork.Introduction peer, Instant now) {
        var group =
                peer.seenAt().isPresent()
                        ? AddressGroup.of(peer.seenAt().get())
                        : AddressGroup.of(peer.info());
        return new Contact(peer.info(), Key.of(peer.info().id()), group, now, now, false);
    }

    PeerId id() {
        return info.id();
    }

    Contact knownSince(Instant earlier) {
        return new Contact(info, key, group, earlier, seen, lost);
    }

    Contact seenAt(Instant now) {
        return new Contact(info, key, group, since, now, lost);
    }

    Contact asLost() {
        return new Contact(info, key, group, since, seen, true);
    }
}
