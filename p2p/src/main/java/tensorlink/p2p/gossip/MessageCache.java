package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;

/**
 * Recent messages, for those who ask. They are kept for some heartbeats, offered for fewer, and
 * pushed out early when they take too many bytes.
 */
final class MessageCache {
    private final int historyWindows;
    private final int gossipWindows;
    private final int resendsMax;
    private final long bytesMax;
    private final LinkedHashMap<ByteString, Entry> entries = new LinkedHashMap<>();
    private long window;
    private long bytes;

    MessageCache(MeshConfig config, int bytesMax) {
        this.historyWindows = config.historyWindows();
        this.gossipWindows = config.gossipWindows();
        this.resendsMax = config.resendsMax();
        this.bytesMax = bytesMax;
    }

    void put(ByteString id, GossipMessage message) {
        if (entries.putIfAbsent(id, new Entry(message, window)) == null) {
            bytes += message.size();
        }
        while (bytes > bytesMax) {
            removeOldest();
        }
    }

    /** The message for {@code peer}, unless it is gone or {@code peer} got it often enough. */
    Optional<GossipMessage> forPeer(ByteString id, PeerId peer) {
        var entry = entries.get(id);
        if (entry == null || entry.sent.merge(peer, 1, Integer::sum) > resendsMax) {
            return Optional.empty();
        }
        return Optional.of(entry.message);
    }

    /** The ids that are offered on {@code topic}, newest first, at most {@code max}. */
    List<ByteString> recent(String topic, int max) {
        var ids = new ArrayList<ByteString>();
        for (var entry : entries.sequencedEntrySet().reversed()) {
            if (entry.getValue().window <= window - gossipWindows || ids.size() == max) {
                break;
            }
            if (entry.getValue().message.topic().equals(topic)) {
                ids.add(entry.getKey());
            }
        }
        return ids;
    }

    /** Begins the next window. */
    void shift() {
        window++;
        while (!entries.isEmpty()
                && entries.firstEntry().getValue().window <= window - historyWindows) {
            removeOldest();
        }
    }

    private void removeOldest() {
        bytes -= entries.pollFirstEntry().getValue().message.size();
    }

    private static final class Entry {
        final GossipMessage message;
        final long window;
        final Map<PeerId, Integer> sent = new HashMap<>(0);

        Entry(GossipMessage message, long window) {
            this.message = message;
            this.window = window;
        }
    }
}
