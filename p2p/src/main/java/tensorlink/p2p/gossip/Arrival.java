package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.LinkedHashSet;
import java.util.Set;
import tensorlink.p2p.peer.PeerId;

/** A message that came and has no verdict yet. */
public final class Arrival {
    private final ByteString id;
    private final GossipMessage message;
    private final PeerId from;

    /** Who brought the same bytes, the first one included; the router's. */
    final Set<PeerId> bearers = new LinkedHashSet<>(4);

    Arrival(ByteString id, GossipMessage message, PeerId from) {
        this.id = id;
        this.message = message;
        this.from = from;
        bearers.add(from);
    }

    public ByteString id() {
        return id;
    }

    public GossipMessage message() {
        return message;
    }

    /** Who brought it first. */
    public PeerId from() {
        return from;
    }

    /** What became of an arrival. */
    public enum Outcome {
        /** It is right: deliver it and pass it on. */
        ACCEPTED,
        /** It is wrong, and who brought it should have known. */
        REJECTED,
        /** It is of no use, but nobody is to blame. */
        IGNORED,
        /** It is not by its author, so its id still belongs to somebody else's message. */
        FORGED,
        /** There was no time to look at it. */
        OVERLOOKED
    }
}
