package tensorlink.p2p.resource;

import java.util.List;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.peer.PeerId;

/** What a stream holds: itself, its first window and one frame on its way out. */
public final class StreamClaim extends Claim {
    /** The remote may fill the first window, and a frame may wait to be sent, without asking. */
    static final int BYTES = (256 << 10) + (64 << 10);

    private final ResourceTree tree;

    StreamClaim(ResourceTree tree, ResourceScope connection, PeerId peer) {
        super(
                List.of(
                        tree.stream(),
                        connection,
                        tree.holdPeer(peer),
                        tree.transients(),
                        tree.system()),
                () -> tree.releasePeer(peer));
        this.tree = tree;
    }

    void open(Direction opener) throws ResourceLimitException {
        take(
                opener == Direction.INBOUND ? Resource.INBOUND_STREAMS : Resource.OUTBOUND_STREAMS,
                1,
                Priority.NEED);
        take(Resource.MEMORY, BYTES, Priority.NEED);
    }

    /**
     * Both sides agree what the stream carries: this counts for that protocol from now on. Called
     * once.
     *
     * @throws ResourceLimitException when the protocol has too many streams already
     */
    public void agreed(ProtocolId carried) throws ResourceLimitException {
        move(tree.transients(), tree.holdProtocol(carried), () -> tree.releaseProtocol(carried));
    }
}
