package tensorlink.testnet.sim;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * How long messages take between places, which get lost, and who can reach whom.
 *
 * <p>Nodes live in regions with a matrix of one-way times between them, like those between data
 * centres on five continents, and a tail of late messages. Knows nothing of protocols: the nodes of
 * a simulation ask it and keep time with {@link VirtualTime}.
 */
public final class SimulatedNetwork {
    /** One way, in milliseconds: North America, Europe, East Asia, South America, Oceania. */
    private static final int[][] MILLIS = {
        {15, 45, 80, 65, 85},
        {45, 10, 100, 95, 130},
        {80, 100, 20, 140, 60},
        {65, 95, 140, 15, 150},
        {85, 130, 60, 150, 10},
    };

    private final SplittableRandom random;
    private final double loss;

    /**
     * A network.
     *
     * @param loss the share of messages that get lost, 0 to below 1
     */
    public SimulatedNetwork(SplittableRandom random, double loss) {
        if (!(loss >= 0 && loss < 1)) {
            throw new IllegalArgumentException("loss is " + loss + ", expected 0 to below 1");
        }
        this.random = random;
        this.loss = loss;
    }

    /** A region for a new node. */
    public int region() {
        return random.nextInt(MILLIS.length);
    }

    /** How long one message takes this time, a tenth of them up to twice as long as usual. */
    public Duration latency(int from, int to) {
        double usual = MILLIS[from][to] * random.nextDouble(0.9, 1.1);
        double late = random.nextInt(10) == 0 ? random.nextDouble(1, 2) : 1;
        return Duration.ofNanos((long) (usual * late * 1e6));
    }

    /** Whether this message gets lost. */
    public boolean loses() {
        return loss > 0 && random.nextDouble() < loss;
    }

    /** How a node stands to the connections that others want to make to it. */
    public enum Reach {
        /** Everybody can connect to it. */
        PUBLIC,
        /** It can connect to others, and nobody to it. */
        BEHIND_NAT
    }
}
