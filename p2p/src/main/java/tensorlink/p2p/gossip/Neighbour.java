package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tensorlink.p2p.peer.PeerId;

/** A connected peer that speaks gossipsub, and what it did since the last heartbeat. */
final class Neighbour {
    final PeerId id;
    final Dialect dialect;
    final boolean isOutbound;
    final Set<String> topics = new HashSet<>(4);

    /** Offers it made. */
    int haves;

    /** Ids we asked it for. */
    int asked;

    /** Ids it declined. */
    int declined;

    /** What it declined, and until which heartbeat that holds. */
    private final Map<ByteString, Long> unwanted = new HashMap<>(0);

    Neighbour(PeerId id, Dialect dialect, boolean isOutbound) {
        this.id = id;
        this.dialect = dialect;
        this.isOutbound = isOutbound;
    }

    void declines(ByteString message, long untilTick) {
        unwanted.put(message, untilTick);
    }

    boolean wants(ByteString message) {
        return !unwanted.containsKey(message);
    }

    void beat(long tick) {
        haves = 0;
        asked = 0;
        declined = 0;
        unwanted.values().removeIf(until -> until <= tick);
    }
}
