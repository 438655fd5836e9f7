package tensorlink.p2p.gossip;

import java.time.Duration;

/**
 * How a peer's conduct on one topic counts, P1 to P4 of the specification. Weights of merits are
 * positive or 0, weights of faults negative or 0; decays are applied once a second.
 *
 * @param weight of the topic among all
 * @param meshTimeWeight for staying in the mesh [P1]
 * @param meshTimeQuantum how long one point of it takes
 * @param meshTimeMax the most points of it
 * @param firstWeight for each message it brought first [P2]
 * @param firstDecay by which factor they count less each second
 * @param firstMax the most that count
 * @param deliveryWeight for the square of what a mesh peer lacks below the threshold [P3]; 0 until
 *     the topic's rate is known, because a wrong threshold splits honest meshes
 * @param deliveryDecay by which factor deliveries count less each second
 * @param deliveryMax the most deliveries that count
 * @param deliveryThreshold how many, decayed, a mesh peer must have
 * @param deliveryWindow how long after the first copy another one still counts as delivered
 * @param deliveryActivation how long a peer is in the mesh before it must deliver
 * @param failureWeight for having been pruned while lacking deliveries [P3b]
 * @param failureDecay by which factor that counts less each second
 * @param invalidWeight for the square of the number of invalid messages [P4]
 * @param invalidDecay by which factor they count less each second
 */
public record TopicScore(
        double weight,
        double meshTimeWeight,
        Duration meshTimeQuantum,
        double meshTimeMax,
        double firstWeight,
        double firstDecay,
        double firstMax,
        double deliveryWeight,
        double deliveryDecay,
        double deliveryMax,
        double deliveryThreshold,
        Duration deliveryWindow,
        Duration deliveryActivation,
        double failureWeight,
        double failureDecay,
        double invalidWeight,
        double invalidDecay) {

    public TopicScore {
        if (weight < 0 || meshTimeWeight < 0 || firstWeight < 0) {
            throw new IllegalArgumentException("a merit of negative weight");
        }
        if (deliveryWeight > 0 || failureWeight > 0 || invalidWeight > 0) {
            throw new IllegalArgumentException("a fault of positive weight");
        }
        for (double decay : new double[] {firstDecay, deliveryDecay, failureDecay, invalidDecay}) {
            if (!(decay > 0 && decay < 1)) {
                throw new IllegalArgumentException("decay " + decay + ", expected within 0..1");
            }
        }
        if (!meshTimeQuantum.isPositive() || deliveryThreshold > deliveryMax) {
            throw new IllegalArgumentException(
                    "delivery threshold "
                            + deliveryThreshold
                            + " above the maximum "
                            + deliveryMax
                            + ", or no quantum of mesh time");
        }
    }

    /** For a topic of unknown rate: invalid messages weigh heavily, silence does not weigh. */
    public static TopicScore defaults() {
        return new TopicScore(
                0.5,
                0.01,
                Duration.ofSeconds(1),
                100,
                1,
                0.5,
                20,
                0,
                0.5,
                100,
                20,
                Duration.ofMillis(10),
                Duration.ofSeconds(5),
                0,
                0.5,
                -10,
                0.9);
    }

    /**
     * For a topic of many publishers on which at least so many messages appear each second: a mesh
     * peer that brings less than a twentieth of them over some twenty seconds loses its standing,
     * whatever its merits on this and other topics, which {@link ScoreConfig#topicMax} caps. On
     * such a topic no copies are declined, because each of them is a sign of life.
     *
     * @param messagesPerSecond on the whole topic, our own not counted; more than 0
     * @param window within which a copy counts though it was not the first; about the spread of
     *     arrival times at one node
     */
    public TopicScore expecting(double messagesPerSecond, Duration window, ScoreConfig config) {
        if (!(messagesPerSecond > 0)) {
            throw new IllegalArgumentException(
                    "rate " + messagesPerSecond + ", expected more than 0 messages per second");
        }
        double decay = 0.9;
        double steady = messagesPerSecond / (1 - decay);
        double threshold = steady / 20;
        double fault = -2 * config.topicMax() / (weight * threshold * threshold);
        return new TopicScore(
                weight,
                meshTimeWeight,
                meshTimeQuantum,
                meshTimeMax,
                firstWeight,
                firstDecay,
                firstMax,
                fault,
                decay,
                steady,
                threshold,
                window,
                Duration.ofSeconds(20),
                fault,
                0.97,
                invalidWeight,
                invalidDecay);
    }
}
