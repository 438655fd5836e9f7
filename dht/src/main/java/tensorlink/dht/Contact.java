package tensorlink.dht;

import java.time.Instant;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A peer in the routing table.
 *
 * @param info where it said it listens when it last answered
 * @param seen when it last answered
 * @param lost whether it has not answered since
 */
record Contact(PeerInfo info, Key key, Instant seen, boolean lost) {

    Contact(PeerInfo info, Instant seen) {
        this(info, Key.of(info.id()), seen, false);
    }

    PeerId id() {
        return info.id();
    }

    Contact asLost() {
        return new Contact(info, key, seen, true);
    }
}
