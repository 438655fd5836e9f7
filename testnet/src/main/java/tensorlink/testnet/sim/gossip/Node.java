package tensorlink.testnet.sim.gossip;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.gossip.Rpc;
import tensorlink.p2p.peer.PeerId;

/** One node of a simulation, and its links to others. */
abstract sealed class Node permits HonestNode, Sybil {
    private final int number;
    private final PeerId id;
    private final String address;
    private final Map<PeerId, Link> links = new LinkedHashMap<>();

    Node(int number, String address) {
        this.number = number;
        this.address = address;
        this.id = id(number);
    }

    /** An id that looks like a hash, as real ones do. */
    private static PeerId id(int number) {
        var digest = new byte[32];
        new SplittableRandom(number).nextBytes(digest);
        var multihash = ByteBuffer.allocate(34).put((byte) 0x12).put((byte) 32).put(digest);
        return new PeerId(ByteString.copyFrom(multihash.rewind()));
    }

    /** Honest nodes come first, publishers first of all. */
    final int number() {
        return number;
    }

    final PeerId id() {
        return id;
    }

    /** What nodes of one machine have in common. */
    final String address() {
        return address;
    }

    final Map<PeerId, Link> links() {
        return links;
    }

    final @Nullable Link link(PeerId peer) {
        return links.get(peer);
    }

    /** There is a link to {@code other} now. */
    abstract void linked(Node other, boolean isOutbound);

    /** Whether {@code rpc} would make a difference here: if not, it need not travel. */
    abstract boolean minds(Rpc rpc);

    abstract void receive(Node from, Rpc rpc);

    /** One direction of a link, which keeps the order of what it carries. */
    static final class Link {
        final Node to;
        final long latency;
        long busyUntil;

        Link(Node to, long latency) {
            this.to = to;
            this.latency = latency;
        }
    }
}
