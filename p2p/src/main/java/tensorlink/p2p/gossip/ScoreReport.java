package tensorlink.p2p.gossip;

import java.util.Map;

/**
 * How a peer's score comes about; counters as they have decayed.
 *
 * @param total the score that decides
 * @param topics conduct on each topic that is judged
 * @param application what the application thinks of it [P5]
 * @param addressPenalty for sharing an address with many, 0 or less [P6]
 * @param breaches of the protocol [P7]
 */
public record ScoreReport(
        double total,
        Map<String, OnTopic> topics,
        double application,
        double addressPenalty,
        double breaches) {

    public ScoreReport {
        topics = Map.copyOf(topics);
    }

    /**
     * Conduct on one topic.
     *
     * @param meshTime points for staying in the mesh [P1]
     * @param firsts messages brought first [P2]
     * @param deliveries messages brought in time as a member of the mesh
     * @param missing what they lack of what it should have brought [P3]
     * @param failures squares of what was missing when it was pruned [P3b]
     * @param invalids invalid messages [P4]
     * @param score their weighted sum, before the topic's weight
     */
    public record OnTopic(
            double meshTime,
            double firsts,
            double deliveries,
            double missing,
            double failures,
            double invalids,
            double score) {}
}
