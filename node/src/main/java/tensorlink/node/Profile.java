package tensorlink.node;

import java.time.Duration;
import tensorlink.dht.DhtConfig;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.autonat.AutoNatLimits;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.gossip.MeshConfig;
import tensorlink.p2p.relay.RelayLimits;

/**
 * How much a node says on the network while nobody wants anything of it. What it says it must say
 * often enough that others do not forget it, and hear often enough to know who is gone.
 */
public enum Profile {
    /**
     * Knows its neighbours well, and notices in less than half a minute when a connection is dead.
     * The network layer would look every few seconds; with as many connections as a node may have
     * that alone is more than it is allowed to say.
     */
    STANDARD {
        @Override
        Limits limits() {
            return withKeepAlive(Duration.ofSeconds(15), Duration.ofSeconds(6));
        }

        @Override
        AutoNatLimits autoNat() {
            return AutoNatLimits.defaults();
        }

        @Override
        DhtConfig.Intervals intervals() {
            return DhtConfig.Intervals.defaults();
        }

        @Override
        MeshConfig mesh() {
            return MeshConfig.defaults();
        }

        @Override
        Duration offerInterval() {
            return Duration.ofMinutes(1);
        }
    },

    /**
     * For a metered or a radio link: few connections, asks the hash table rather than answering in
     * it, and does not listen to what all workers offer. A lost peer is noticed after minutes.
     */
    LOWPOWER {
        private static final int CONNECTIONS_LOW = 6;
        private static final int CONNECTIONS_HIGH = 10;

        @Override
        Limits limits() {
            var trimming = Limits.defaults().trimming();
            return withKeepAlive(Duration.ofMinutes(2), Duration.ofSeconds(20))
                    .withTrimming(
                            new Limits.Trimming(
                                    CONNECTIONS_LOW,
                                    CONNECTIONS_HIGH,
                                    trimming.grace(),
                                    trimming.idle()));
        }

        @Override
        AutoNatLimits autoNat() {
            return AutoNatLimits.defaults()
                    .withPauses(Duration.ofMinutes(1), Duration.ofHours(1), Duration.ofHours(1));
        }

        // Others forget what a node provides after an hour.
        @Override
        DhtConfig.Intervals intervals() {
            var standard = DhtConfig.Intervals.defaults();
            return new DhtConfig.Intervals(
                    Duration.ofHours(1),
                    standard.rejoinMin(),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(50),
                    standard.providerExpiry(),
                    standard.recordRepublish(),
                    standard.recordExpiry());
        }

        @Override
        MeshConfig mesh() {
            return MeshConfig.defaults()
                    .withHeartbeat(Duration.ofSeconds(10))
                    .withFloodsPublications(false);
        }

        @Override
        Duration offerInterval() {
            return LONGEST_OFFER_INTERVAL;
        }
    };

    /** Whom nobody has heard for some of these is gone. */
    static final Duration LONGEST_OFFER_INTERVAL = Duration.ofMinutes(10);

    abstract Limits limits();

    private static Limits withKeepAlive(Duration interval, Duration timeout) {
        var limits = Limits.defaults();
        return limits.withMuxing(limits.muxing().withKeepAlive(interval, timeout));
    }

    abstract AutoNatLimits autoNat();

    abstract DhtConfig.Intervals intervals();

    abstract MeshConfig mesh();

    /** Between two words of a worker about what it offers, while the network is small. */
    abstract Duration offerInterval();

    /** What it lends as a relay, while others can dial it. */
    HostConfig relaying(HostConfig config) {
        return switch (this) {
            case STANDARD -> config.withRelayService(RelayLimits.defaults());
            case LOWPOWER -> config;
        };
    }

    /** What {@link Serving#AUTO} is taken for. */
    Serving serving() {
        return switch (this) {
            case STANDARD -> Serving.AUTO;
            case LOWPOWER -> Serving.CLIENT;
        };
    }

    /** Whether it hears what others offer. */
    boolean hearsOffers() {
        return switch (this) {
            case STANDARD -> true;
            case LOWPOWER -> false;
        };
    }
}
