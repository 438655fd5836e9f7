package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import tensorlink.p2p.peer.PeerId;

/** What {@link GossipRouter} wants done, in this order. */
public sealed interface Action {

    /**
     * Send {@code rpc} to {@code peer}, soon or never.
     *
     * @param isOwn whether its messages were published here
     */
    record Send(PeerId peer, Rpc rpc, boolean isOwn) implements Action {}

    /** Find out whether a message is right, and tell {@link GossipRouter#judged}. */
    record Judge(Arrival arrival) implements Action {}

    /** Hand a message to those who subscribed to its topic; each message once. */
    record Deliver(GossipMessage message) implements Action {}

    /**
     * Try to connect to {@code peer}.
     *
     * @param record its sealed peer record as a stranger gave it; empty when there is none
     */
    record Connect(PeerId peer, ByteString record) implements Action {}
}
