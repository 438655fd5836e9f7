package tensorlink.dht;

import java.util.List;
import tensorlink.p2p.peer.PeerInfo;

/**
 * What a lookup found and what it took.
 *
 * @param closest the closest peers that answered, at most {@code k}, closest first
 * @param hops how many steps led to the first of them: 1 when we knew it before; 0 for none
 * @param rounds how many led to the one that took the most: questions that had to wait for the
 *     answer to another
 * @param asked how many peers were asked
 */
public record LookupReport(List<PeerInfo> closest, int hops, int rounds, int asked) {
    public LookupReport {
        closest = List.copyOf(closest);
    }
}
