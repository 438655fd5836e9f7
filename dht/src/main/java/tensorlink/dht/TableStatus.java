package tensorlink.dht;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How full the routing table is.
 *
 * @param buckets how many peers are known (at least 1) by how many leading bits their place shares
 *     with ours; at most {@code k} each
 */
public record TableStatus(SortedMap<Integer, Integer> buckets) {

    public TableStatus {
        buckets = Collections.unmodifiableSortedMap(new TreeMap<>(buckets));
    }

    /** How many peers are known in all. */
    public int peers() {
        int peers = 0;
        for (int size : buckets.values()) {
            peers += size;
        }
        return peers;
    }
}
