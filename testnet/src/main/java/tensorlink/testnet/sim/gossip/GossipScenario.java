package tensorlink.testnet.sim.gossip;

import java.time.Duration;

/**
 * A network that gossips on one topic, and who tries to spoil it.
 *
 * @param honest nodes that run the production router
 * @param sybils hostile ones
 * @param dials how many honest nodes each honest node dials
 * @param sybilDials how many honest nodes each hostile one dials
 * @param sybilsPerAddress how many hostile nodes share one IP address
 * @param latency of a link, one way, on average; links differ by up to half of it
 * @param loss which share of RPCs with messages or gossip is lost; control is not
 * @param publishers how many of the honest nodes publish
 * @param messagesPerSecond of all publishers together
 * @param warmUp until messages count and the attack begins
 * @param duration how long messages count
 * @param attack what the hostile nodes do
 * @param seed of everything that is left to chance
 */
public record GossipScenario(
        int honest,
        int sybils,
        int dials,
        int sybilDials,
        int sybilsPerAddress,
        Duration latency,
        double loss,
        int publishers,
        int messagesPerSecond,
        Duration warmUp,
        Duration duration,
        Attack attack,
        long seed) {

    public GossipScenario {
        if (honest < 2 || publishers < 1 || publishers > honest || messagesPerSecond < 1) {
            throw new IllegalArgumentException(
                    publishers
                            + " publishers of "
                            + messagesPerSecond
                            + " messages per second among "
                            + honest
                            + " honest nodes");
        }
        if (loss < 0 || loss >= 1) {
            throw new IllegalArgumentException("loss " + loss + ", expected within 0..1");
        }
    }

    /** Honest nodes on links of 25 ms that lose nothing. */
    public static GossipScenario of(int honest, long seed) {
        return new GossipScenario(
                honest,
                0,
                10,
                0,
                1,
                Duration.ofMillis(25),
                0,
                Math.min(honest, 100),
                20,
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                Attack.NONE,
                seed);
    }

    public GossipScenario withLoss(double changed) {
        return new GossipScenario(
                honest,
                sybils,
                dials,
                sybilDials,
                sybilsPerAddress,
                latency,
                changed,
                publishers,
                messagesPerSecond,
                warmUp,
                duration,
                attack,
                seed);
    }

    public GossipScenario withTimes(Duration warmUp, Duration duration) {
        return new GossipScenario(
                honest,
                sybils,
                dials,
                sybilDials,
                sybilsPerAddress,
                latency,
                loss,
                publishers,
                messagesPerSecond,
                warmUp,
                duration,
                attack,
                seed);
    }

    /**
     * With hostile nodes.
     *
     * @param perAddress how many of them share one IP address
     */
    public GossipScenario withAttack(Attack attack, int sybils, int sybilDials, int perAddress) {
        return new GossipScenario(
                honest,
                sybils,
                dials,
                sybilDials,
                perAddress,
                latency,
                loss,
                publishers,
                messagesPerSecond,
                warmUp,
                duration,
                attack,
                seed);
    }

    /** What hostile nodes do once the warm-up is over. */
    public enum Attack {
        NONE,
        /** They enter every mesh they can, from the start, and pass on nothing. */
        SILENCE,
        /** They behave until the warm-up is over; then they pass on nothing. */
        COVERT_SILENCE,
        /** They graft all the time, whatever they are told, and offer what they do not send. */
        SPAM,
        /** They send messages that are not right. */
        FORGERY
    }
}
