package tensorlink.testnet.sim.gossip;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What became of the messages of a {@link GossipScenario}. Only messages count that were published
 * after the warm-up.
 *
 * @param published messages that count
 * @param all deliveries of all of them
 * @param recovered deliveries of those published a minute and more after the attack began
 * @param leastReceived the share of all messages that reached the honest node that got the fewest
 * @param leastHeard the share of deliveries made of the messages of the publisher heard the least
 * @param copies how many copies of a message an honest node got for each one delivered
 * @param twice deliveries of the same message to the same node, beyond the first
 * @param mesh the meshes of honest nodes at the end
 * @param intrusion how far hostile nodes got into them
 * @param controlBytes what an honest node sent in a second that was no message, ids of 46 bytes
 * @param elapsed virtual time
 * @param events how many events the simulation took
 * @param traceHash of every delivery; equal for equal scenarios
 */
public record GossipReport(
        int published,
        Deliveries all,
        Deliveries recovered,
        double leastReceived,
        double leastHeard,
        double copies,
        long twice,
        Mesh mesh,
        Intrusion intrusion,
        double controlBytes,
        Duration elapsed,
        long events,
        long traceHash) {

    /** The figures by name, for people and programs. */
    public Map<String, Object> figures() {
        var figures = new LinkedHashMap<String, Object>();
        figures.put("published", published);
        figures.put("delivery", all.share);
        figures.put("p50Millis", all.p50.toMillis());
        figures.put("p99Millis", all.p99.toMillis());
        figures.put("maxMillis", all.worst.toMillis());
        figures.put("deliveryRecovered", recovered.share);
        figures.put("p99MillisRecovered", recovered.p99.toMillis());
        figures.put("leastReceived", leastReceived);
        figures.put("leastHeard", leastHeard);
        figures.put("duplicateFactor", copies);
        figures.put("deliveredTwice", twice);
        figures.put("meshDegreeMin", mesh.least);
        figures.put("meshDegreeMean", mesh.mean);
        figures.put("meshDegreeMax", mesh.most);
        figures.put("meshHonestMin", mesh.leastHonest);
        figures.put("sybilShareOfMeshPeak", intrusion.peak);
        figures.put("sybilShareOfMeshAfterMinute", intrusion.later);
        figures.put("sybilShareOfMeshEnd", intrusion.end);
        intrusion.firstClean.ifPresent(
                after -> figures.put("meshFirstCleanSeconds", seconds(after)));
        intrusion.lastHostile.ifPresent(
                after -> figures.put("meshCleanForGoodSeconds", seconds(after)));
        figures.put("controlBytesPerNodeSecond", controlBytes);
        figures.put("virtualSeconds", elapsed.toSeconds());
        figures.put("events", events);
        figures.put("trace", "%016x".formatted(traceHash));
        return figures;
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    /**
     * Deliveries.
     *
     * @param share of what should have been delivered
     * @param p50 how long half of the deliveries took at most, in virtual time
     * @param p99 the same for 99 of 100
     * @param worst the longest
     */
    public record Deliveries(double share, Duration p50, Duration p99, Duration worst) {}

    /**
     * The meshes of honest nodes, in peers.
     *
     * @param leastHonest the fewest honest peers in one
     */
    public record Mesh(int least, double mean, int most, int leastHonest) {}

    /**
     * Hostile peers in the meshes of honest nodes, as shares of all their places, and times since
     * the attack began.
     *
     * @param peak the largest share
     * @param later the average share from a minute after the attack began
     * @param end the share at the end
     * @param firstClean when there was none for the first time since one was; empty when never
     * @param lastHostile when the last one left for good; empty when one was there at the end
     */
    public record Intrusion(
            double peak,
            double later,
            double end,
            Optional<Duration> firstClean,
            Optional<Duration> lastHostile) {}
}
