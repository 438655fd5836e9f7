package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.p2p.peer.PeerId;

/**
 * Messages that peers offered and we asked for. One of each request is watched, at random, so that
 * who offers what he does not send is found out without a long list.
 */
final class Promises {
    private final long patience;
    private final Map<ByteString, Map<PeerId, Long>> deadlines = new LinkedHashMap<>();

    Promises(Duration patience) {
        this.patience = patience.toNanos();
    }

    void watch(ByteString id, PeerId peer, long now) {
        deadlines
                .computeIfAbsent(id, any -> new LinkedHashMap<>(2))
                .putIfAbsent(peer, now + patience);
    }

    /** The message came, from whomever. */
    void arrived(ByteString id) {
        deadlines.remove(id);
    }

    void forget(PeerId peer) {
        deadlines.values().forEach(peers -> peers.remove(peer));
        deadlines.values().removeIf(Map::isEmpty);
    }

    /** Who broke how many promises since the last call. */
    Map<PeerId, Integer> broken(long now) {
        var broken = new HashMap<PeerId, Integer>();
        for (var peers : deadlines.values()) {
            peers.entrySet()
                    .removeIf(promise -> {
                        boolean isBroken = now >= promise.getValue();
                        if (isBroken) {
                            broken.merge(promise.getKey(), 1, Integer::sum);
                        }
                        return isBroken;
                    });
        }
        deadlines.values().removeIf(Map::isEmpty);
        return broken;
    }
}
