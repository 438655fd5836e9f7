package tensorlink.dht;

import tensorlink.p2p.peer.PeerId;

/**
 * Is reached as soon as we are connected to a peer, which the walk itself tries once it hears of
 * it.
 */
record PeerGoal(KadNetwork network, PeerId peer) implements LookupRun.Goal {

    @Override
    public boolean isReached() {
        return network.isConnected(peer);
    }
}
