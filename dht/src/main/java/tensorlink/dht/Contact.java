package tensorlink.dht;

import java.time.Instant;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A peer in the routing table.
 *
 * @param info where it said it listens when it last answered
 * @param seen when it last answered
 * @param failures how often in a row it has not answered since
 */
record Contact(PeerInfo info, Key key, Instant seen, int failures) {

    Contact(PeerInfo info, Instant seen) {
        this(info, Key.of(info.id()), seen, 0);
    }

    PeerId id() {
        return info.id();
    }

    Contact failedAgain() {
        return new Contact(info, key, seen, failures + 1);
    }
}
