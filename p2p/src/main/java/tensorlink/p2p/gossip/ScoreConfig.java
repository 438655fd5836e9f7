package tensorlink.p2p.gossip;

import java.time.Duration;
import java.util.function.ToDoubleFunction;
import tensorlink.p2p.peer.PeerId;

/**
 * How peers are judged across topics, P5 to P7 of the specification, and what follows from a score.
 *
 * @param gossipThreshold below this, a peer is told of no messages and asked for none
 * @param publishThreshold below this, our own messages are not flooded to a peer
 * @param graylistThreshold below this, everything a peer sends is dropped unread
 * @param exchangeThreshold from this on, the peers that a pruning peer names are dialled
 * @param opportunityThreshold when half of a mesh is below this, better peers are grafted
 * @param topicMax the most that all topics together can add
 * @param application what else is known about a peer [P5]
 * @param applicationWeight of that
 * @param addressWeight for the square of the peers beyond the threshold behind one address [P6]
 * @param addressThreshold how many may share an address; loopback is exempt
 * @param conductWeight for the square of the breaches beyond the threshold [P7]
 * @param conductThreshold how many breaches are overlooked
 * @param conductDecay by which factor breaches count less each interval
 * @param decayInterval how often everything decays
 * @param zero below this, what decays is 0
 * @param retention how long the score of a peer that left is remembered; merits are not
 */
public record ScoreConfig(
        double gossipThreshold,
        double publishThreshold,
        double graylistThreshold,
        double exchangeThreshold,
        double opportunityThreshold,
        double topicMax,
        ToDoubleFunction<PeerId> application,
        double applicationWeight,
        double addressWeight,
        int addressThreshold,
        double conductWeight,
        double conductThreshold,
        double conductDecay,
        Duration decayInterval,
        double zero,
        Duration retention) {

    public ScoreConfig {
        if (graylistThreshold > publishThreshold
                || publishThreshold > gossipThreshold
                || gossipThreshold > 0
                || exchangeThreshold < 0
                || opportunityThreshold < 0) {
            throw new IllegalArgumentException(
                    "thresholds graylist "
                            + graylistThreshold
                            + ", publish "
                            + publishThreshold
                            + ", gossip "
                            + gossipThreshold
                            + ", exchange "
                            + exchangeThreshold
                            + ", opportunity "
                            + opportunityThreshold
                            + ": expected the first three to grow up to 0, the others not below");
        }
        if (addressWeight > 0 || conductWeight > 0) {
            throw new IllegalArgumentException("a fault of positive weight");
        }
    }

    public static ScoreConfig defaults() {
        return new ScoreConfig(
                -10,
                -50,
                -80,
                10,
                5,
                50,
                peer -> 0,
                1,
                -5,
                10,
                -10,
                0,
                0.9,
                Duration.ofSeconds(1),
                0.01,
                Duration.ofHours(1));
    }

    /** Adds what the application knows about a peer, in points of the score. */
    public ScoreConfig withApplication(ToDoubleFunction<PeerId> changed) {
        return with(changed, addressThreshold);
    }

    /** Lets so many peers share an address before it counts against them. */
    public ScoreConfig withAddressThreshold(int changed) {
        return with(application, changed);
    }

    private ScoreConfig with(ToDoubleFunction<PeerId> known, int sharing) {
        return new ScoreConfig(
                gossipThreshold,
                publishThreshold,
                graylistThreshold,
                exchangeThreshold,
                opportunityThreshold,
                topicMax,
                known,
                applicationWeight,
                addressWeight,
                sharing,
                conductWeight,
                conductThreshold,
                conductDecay,
                decayInterval,
                zero,
                retention);
    }
}
