package tensorlink.dht;

import java.util.HashSet;
import java.util.List;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Looks whether two peers lead to the same network: whoever is closest to a random key is so
 * wherever one begins to search, so lookups through the two that share next to nobody have walked
 * two networks.
 */
final class SplitCheck {
    /** One key may hit a part of the network that is in motion; not all of them do. */
    private static final int KEYS = 2;

    /** Of the shorter list, the share that both must have in common. */
    private static final int SHARE = 3;

    private final DhtConfig config;
    private final LookupRun lookups;

    SplitCheck(DhtConfig config, LookupRun lookups) {
        this.config = config;
        this.lookups = lookups;
    }

    /** Whether no key leads to the same peers through {@code one} and through {@code other}. */
    boolean leadApart(PeerInfo one, PeerInfo other) throws InterruptedException {
        for (int i = 0; i < KEYS; i++) {
            var key = Key.of(one.id()).random(0, config.random());
            var through = lookups.through(one, key).closest();
            if (!differ(through, lookups.through(other, key).closest())) {
                return false;
            }
        }
        return true;
    }

    /** Whether two searches for a key ended in different networks; not when one found nobody. */
    static boolean differ(List<PeerInfo> one, List<PeerInfo> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return false;
        }
        var ids = new HashSet<PeerId>();
        one.forEach(peer -> ids.add(peer.id()));
        int common = 0;
        for (var peer : other) {
            common += ids.contains(peer.id()) ? 1 : 0;
        }
        return common * SHARE < Math.min(one.size(), other.size());
    }
}
