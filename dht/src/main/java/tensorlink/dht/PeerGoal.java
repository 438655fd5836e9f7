package tensorlink.dht;

import tensorlink.p2p.core.Host;
import tensorlink.p2p.peer.PeerId;

/**
 * Is reached as soon as we are connected to a peer, which the walk itself tries once it hears of
 * it.
 */
record PeerGoal(Host host, PeerId peer) implements LookupRun.Goal {

    @Override
    public boolean isReached() {
        for (var connection : host.connections()) {
            if (connection.remotePeer().equals(peer) && connection.isOpen()) {
                return true;
            }
        }
        return false;
    }
}
