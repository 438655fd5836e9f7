package tensorlink.testnet.sim.gossip;

import java.time.Duration;

/**
 * A network that gossips on one topic, and who tries to spoil it.
 *
 * @param network who there is, and on what links
 * @param traffic what is published
 * @param attack what the hostile nodes do
 * @param seed of everything that is left to chance
 */
public record GossipScenario(Network network, Traffic traffic, Attack attack, long seed) {
    private static final int DIALS = 20;
    private static final int PUBLISHERS_MAX = 100;
    private static final int RATE = 20;
    private static final Duration LATENCY = Duration.ofMillis(25);
    private static final Duration RECOVERY = Duration.ofMinutes(1);
    private static final Duration WARM_UP = Duration.ofSeconds(30);

    /**
     * An attack on so many nodes, on links of 25 ms that lose nothing: messages count from 30 s on.
     */
    public static GossipScenario of(Attack attack, int honest, long seed) {
        int sybils = Math.toIntExact((long) attack.sybils() * honest / 1000);
        return new GossipScenario(
                new Network(honest, sybils, DIALS, LATENCY, 0),
                new Traffic(Math.min(honest, PUBLISHERS_MAX), RATE, WARM_UP, attack.published()),
                attack,
                seed);
    }

    /** Nobody is hostile; messages count from 5 s on, for 10 s. */
    public static GossipScenario quiet(int honest, long seed) {
        return of(Attack.NONE, honest, seed)
                .counting(Duration.ofSeconds(5), Duration.ofSeconds(10));
    }

    public GossipScenario withSybils(int changed) {
        return with(
                new Network(network.honest, changed, network.dials, network.latency, network.loss));
    }

    public GossipScenario withLoss(double changed) {
        return with(
                new Network(
                        network.honest, network.sybils, network.dials, network.latency, changed));
    }

    private GossipScenario with(Network changed) {
        return new GossipScenario(changed, traffic, attack, seed);
    }

    /** So many messages a second by all publishers together. */
    public GossipScenario withRate(int messagesPerSecond) {
        return with(
                new Traffic(
                        traffic.publishers, messagesPerSecond, traffic.warmUp, traffic.counted));
    }

    /** Messages count from {@code warmUp} on, for so long. */
    public GossipScenario counting(Duration warmUp, Duration counted) {
        return with(new Traffic(traffic.publishers, traffic.messagesPerSecond, warmUp, counted));
    }

    private GossipScenario with(Traffic changed) {
        return new GossipScenario(network, changed, attack, seed);
    }

    /** From when on all should be as if there were no attack: a minute after it began. */
    public Duration recoversAt() {
        var warmUp = traffic.warmUp;
        var recovered = attack.begins().plus(RECOVERY);
        return network.sybils == 0 || recovered.compareTo(warmUp) < 0 ? warmUp : recovered;
    }

    /**
     * Who there is.
     *
     * @param honest nodes that run the production router
     * @param sybils hostile ones
     * @param dials how many honest nodes each honest node dials
     * @param latency of a link, one way, on average; links differ by up to half of it
     * @param loss which share of RPCs with messages or gossip is lost; control is not
     */
    public record Network(int honest, int sybils, int dials, Duration latency, double loss) {
        public Network {
            if (honest < 2 || sybils < 0 || dials < 1) {
                throw new IllegalArgumentException(
                        honest
                                + " honest nodes that dial "
                                + dials
                                + " and "
                                + sybils
                                + " hostile ones, expected at least 2, 1 and 0");
            }
            if (!(loss >= 0 && loss < 1)) {
                throw new IllegalArgumentException("loss " + loss + ", expected within 0..1");
            }
        }
    }

    /**
     * What is published.
     *
     * @param publishers how many of the honest nodes publish
     * @param messagesPerSecond of all of them together, from a second after they dialled on
     * @param warmUp until messages count, from the start
     * @param counted how long messages count
     */
    public record Traffic(
            int publishers, int messagesPerSecond, Duration warmUp, Duration counted) {
        public Traffic {
            if (publishers < 1 || messagesPerSecond < 1 || !counted.isPositive()) {
                throw new IllegalArgumentException(
                        publishers
                                + " publishers of "
                                + messagesPerSecond
                                + " messages per second, counted for "
                                + counted
                                + ": expected more than nothing");
            }
        }

        public Duration end() {
            return warmUp.plus(counted);
        }
    }
}
