package tensorlink.dht;

/**
 * How many peers whose addresses one operator gets cheaply together may be in the routing table, so
 * that filling it costs addresses in many places and not only keys. Addresses of local networks and
 * of this machine do not count.
 *
 * @param perTable peers of one group in the whole table
 * @param perBucket peers of one group in one bucket
 */
public record Diversity(int perTable, int perBucket) {
    public Diversity {
        if (perTable < 1 || perBucket < 1) {
            throw new IllegalArgumentException(
                    "at most " + perTable + " per table and " + perBucket + " per bucket");
        }
    }

    /** Three in the table, two in a bucket: what go-libp2p allows as well. */
    public static Diversity defaults() {
        return new Diversity(3, 2);
    }

    /** For networks whose addresses are all alike and whose members are trusted. */
    public static Diversity none() {
        return new Diversity(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }
}
