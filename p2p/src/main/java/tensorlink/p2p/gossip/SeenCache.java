package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.peer.PeerId;

/**
 * The ids of messages that have had their verdict, for a time and up to a number; the oldest go
 * first. Also who else brought a message, as far as it still matters for a score.
 */
final class SeenCache {
    private final long lifetime;
    private final int max;
    private final Map<ByteString, Seen> seen = new LinkedHashMap<>();

    SeenCache(Duration lifetime, int max) {
        this.lifetime = lifetime.toNanos();
        this.max = max;
    }

    boolean contains(ByteString id) {
        return seen.containsKey(id);
    }

    @Nullable Seen get(ByteString id) {
        return seen.get(id);
    }

    Seen add(ByteString id, boolean isValid, long now) {
        var entry = new Seen(isValid, now);
        seen.put(id, entry);
        if (seen.size() > max) {
            seen.remove(seen.keySet().iterator().next());
        }
        return entry;
    }

    void expire(long now) {
        var entries = seen.values().iterator();
        while (entries.hasNext() && now - entries.next().at >= lifetime) {
            entries.remove();
        }
    }

    /** What is known of a message. */
    static final class Seen {
        final boolean isValid;
        final long at;
        private @Nullable Set<PeerId> bearers;

        private Seen(boolean isValid, long at) {
            this.isValid = isValid;
            this.at = at;
        }

        /** Whether {@code peer} had not brought it before. */
        boolean broughtBy(PeerId peer) {
            if (bearers == null) {
                bearers = new HashSet<>(4);
            }
            return bearers.add(peer);
        }
    }
}
