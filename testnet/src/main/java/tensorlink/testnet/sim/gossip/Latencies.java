package tensorlink.testnet.sim.gossip;

import java.time.Duration;
import java.util.Arrays;

/** How long deliveries took, to the millisecond. */
final class Latencies {
    private int[] byMillis = new int[1 << 10];
    private long count;

    void add(long nanos) {
        int millis = Math.toIntExact(nanos / 1_000_000);
        if (millis >= byMillis.length) {
            byMillis = Arrays.copyOf(byMillis, Math.max(millis + 1, 2 * byMillis.length));
        }
        byMillis[millis]++;
        count++;
    }

    /**
     * What they come to.
     *
     * @param expected how many deliveries there should be
     */
    GossipReport.Deliveries of(long expected) {
        return new GossipReport.Deliveries(
                expected == 0 ? 0 : (double) count / expected, at(0.5), at(0.99), at(1));
    }

    /** The least time within which so large a share of the deliveries was made. */
    private Duration at(double share) {
        long rank = (long) Math.ceil(share * count);
        long passed = 0;
        int millis = 0;
        while (rank > 0 && (passed += byMillis[millis]) < rank) {
            millis++;
        }
        return Duration.ofMillis(millis);
    }
}
