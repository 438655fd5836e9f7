package tensorlink.p2p.resource;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.peer.PeerId;

/** What a connection holds: itself, and the memory that its streams share. */
public final class ConnectionClaim extends Claim {
    private final ResourceTree tree;
    private final ResourceScope own;
    private volatile @Nullable PeerId peer;

    ConnectionClaim(ResourceTree tree, ResourceScope own) {
        super(List.of(own, tree.transients(), tree.system()), () -> {});
        this.tree = tree;
        this.own = own;
    }

    /**
     * The other side is {@code proven}: this counts for that peer from now on. Called once, before
     * the connection has streams.
     *
     * @throws ResourceLimitException when the peer has too much already
     */
    public void proven(PeerId proven) throws ResourceLimitException {
        move(tree.transients(), tree.holdPeer(proven), () -> tree.releasePeer(proven));
        peer = proven;
    }

    /**
     * Asks for room for a stream.
     *
     * @param opener which side opens it
     * @throws ResourceLimitException when there is none
     */
    public StreamClaim stream(Direction opener) throws ResourceLimitException {
        var whose = peer;
        if (whose == null) {
            throw new IllegalStateException("the peer is not yet proven");
        }
        var stream = new StreamClaim(tree, own, whose);
        boolean complete = false;
        try {
            stream.open(opener);
            complete = true;
            return stream;
        } finally {
            if (!complete) {
                stream.close();
            }
        }
    }

    /**
     * Asks for {@code bytes} that would make things faster; false when they are needed elsewhere.
     */
    public boolean reserve(int bytes) {
        try {
            take(Resource.MEMORY, bytes, Priority.WISH);
            return true;
        } catch (ResourceLimitException full) {
            return false;
        }
    }

    /** Gives back what {@link #reserve} granted. */
    public void release(int bytes) {
        give(Resource.MEMORY, bytes);
    }
}
