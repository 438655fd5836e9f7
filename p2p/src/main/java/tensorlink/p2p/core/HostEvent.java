package tensorlink.p2p.core;

import tensorlink.p2p.peer.PeerId;

/** Something that happened to a {@link Host}'s connections, or to what it knows of itself. */
public sealed interface HostEvent {

    PeerId peer();

    /** The first connection to {@code peer} is up. */
    record Connected(PeerId peer) implements HostEvent {}

    /** The last connection to {@code peer} is gone. */
    record Disconnected(PeerId peer) implements HostEvent {}

    /** {@code peer} told its addresses and protocols, which are now in the peer store. */
    record Identified(PeerId peer) implements HostEvent {}

    /**
     * This host learned whether others can dial it.
     *
     * @param peer the host itself
     */
    record ReachabilityChanged(PeerId peer, Reachability reachability) implements HostEvent {}
}
