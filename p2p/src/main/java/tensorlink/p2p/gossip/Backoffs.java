package tensorlink.p2p.gossip;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.p2p.peer.PeerId;

/**
 * With whom one topic's mesh has to be patient, and until when. A second prune can make the time
 * longer, never shorter.
 */
final class Backoffs {
    private final int max;
    private final Map<PeerId, Long> ends = new LinkedHashMap<>();

    Backoffs(int max) {
        this.max = max;
    }

    void extend(PeerId peer, long now, Duration duration) {
        ends.merge(peer, now + duration.toNanos(), Math::max);
        if (ends.size() > max) {
            Iterator<PeerId> oldest = ends.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /** Whether the time with {@code peer} is not over, or was over only {@code slack} ago. */
    boolean holds(PeerId peer, long now, Duration slack) {
        var end = ends.get(peer);
        return end != null && now < end + slack.toNanos();
    }

    void expire(long now, Duration slack) {
        ends.values().removeIf(end -> now >= end + slack.toNanos());
    }

    boolean isEmpty() {
        return ends.isEmpty();
    }
}
