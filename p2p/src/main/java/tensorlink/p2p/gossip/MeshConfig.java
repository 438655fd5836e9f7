package tensorlink.p2p.gossip;

import java.time.Duration;

/**
 * The shape of the mesh and the pace of gossip. The names in brackets are the specification's.
 *
 * @param degree peers in a topic's mesh [D]
 * @param degreeLow below this, peers are grafted [D_lo]
 * @param degreeHigh above this, peers are pruned [D_hi]
 * @param degreeScore how many are kept for their score when there are too many [D_score]
 * @param degreeOutbound how many of the mesh we dialled ourselves, at least [D_out]
 * @param degreeLazy how many peers outside the mesh hear of recent messages, at least [D_lazy]
 * @param gossipFactor which share of the peers outside the mesh hears of recent messages, at least
 * @param heartbeat from one upkeep to the next
 * @param firstHeartbeat from the start to the first upkeep
 * @param historyWindows for how many heartbeats a message can be asked for
 * @param gossipWindows for how many heartbeats a message is offered
 * @param seenLifetime for how long a message is known as delivered
 * @param fanoutLifetime for how long peers are kept for a topic that we publish on without joining
 * @param pruneBackoff how long two peers stay apart after a prune
 * @param leaveBackoff the same when we leave the topic
 * @param graftFlood asking again within this time after a prune counts twice
 * @param promisePatience how soon a message that we asked for must come
 * @param resendsMax how often one peer gets the same message on request
 * @param opportunityTicks every how many heartbeats a mesh of little merit is refreshed
 * @param opportunityPeers by how many peers
 * @param explicitTicks every how many heartbeats absent explicit peers are dialled
 * @param floodsPublications whether our own messages go to all subscribers of some standing
 * @param dontWantBytes messages from this size on are declined to the rest of the mesh at once
 */
public record MeshConfig(
        int degree,
        int degreeLow,
        int degreeHigh,
        int degreeScore,
        int degreeOutbound,
        int degreeLazy,
        double gossipFactor,
        Duration heartbeat,
        Duration firstHeartbeat,
        int historyWindows,
        int gossipWindows,
        Duration seenLifetime,
        Duration fanoutLifetime,
        Duration pruneBackoff,
        Duration leaveBackoff,
        Duration graftFlood,
        Duration promisePatience,
        int resendsMax,
        int opportunityTicks,
        int opportunityPeers,
        int explicitTicks,
        boolean floodsPublications,
        int dontWantBytes) {

    public MeshConfig {
        if (degreeLow > degree || degree > degreeHigh || degreeLow < 1) {
            throw new IllegalArgumentException(
                    "mesh degrees "
                            + degreeLow
                            + ", "
                            + degree
                            + ", "
                            + degreeHigh
                            + ", expected to grow from at least 1");
        }
        if (degreeOutbound >= degreeLow || degreeOutbound > degree / 2) {
            throw new IllegalArgumentException(
                    "outbound degree "
                            + degreeOutbound
                            + ", expected below the low degree "
                            + degreeLow
                            + " and at most half the degree "
                            + degree);
        }
        if (degreeScore > degree) {
            throw new IllegalArgumentException(
                    "score degree " + degreeScore + ", limit is the degree " + degree);
        }
        if (gossipWindows > historyWindows || gossipWindows < 1) {
            throw new IllegalArgumentException(
                    gossipWindows + " gossip windows of " + historyWindows + " kept");
        }
    }

    /** What go, js and rust have in common. */
    public static MeshConfig defaults() {
        return new MeshConfig(
                6,
                5,
                12,
                4,
                2,
                6,
                0.25,
                Duration.ofSeconds(1),
                Duration.ofMillis(100),
                5,
                3,
                Duration.ofSeconds(120),
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofSeconds(3),
                3,
                60,
                2,
                300,
                true,
                1024);
    }

    public MeshConfig withDegrees(int low, int wanted, int high) {
        return with(
                new Degrees(low, wanted, high), heartbeat, opportunityTicks, floodsPublications);
    }

    public MeshConfig withHeartbeat(Duration changed) {
        return with(degrees(), changed, opportunityTicks, floodsPublications);
    }

    public MeshConfig withOpportunityTicks(int changed) {
        return with(degrees(), heartbeat, changed, floodsPublications);
    }

    public MeshConfig withFloodsPublications(boolean changed) {
        return with(degrees(), heartbeat, opportunityTicks, changed);
    }

    private Degrees degrees() {
        return new Degrees(degreeLow, degree, degreeHigh);
    }

    /** The degrees of score and outbound links shrink with the others, and stay if they can. */
    private MeshConfig with(Degrees degrees, Duration beat, int opportunity, boolean floods) {
        return new MeshConfig(
                degrees.wanted,
                degrees.low,
                degrees.high,
                Math.min(degreeScore, degrees.wanted),
                Math.min(degreeOutbound, Math.min(degrees.low - 1, degrees.wanted / 2)),
                degreeLazy,
                gossipFactor,
                beat,
                firstHeartbeat,
                historyWindows,
                gossipWindows,
                seenLifetime,
                fanoutLifetime,
                pruneBackoff,
                leaveBackoff,
                graftFlood,
                promisePatience,
                resendsMax,
                opportunity,
                opportunityPeers,
                explicitTicks,
                floods,
                dontWantBytes);
    }

    private record Degrees(int low, int wanted, int high) {}
}
