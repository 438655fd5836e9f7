package tensorlink.dht;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;

/**
 * How a {@link Dht} behaves.
 *
 * @param protocol the network's own kad protocol; nodes with different ones never meet
 * @param mode whether others may ask this node at first; see {@link Dht#switchTo}
 * @param search how lookups walk
 * @param diversity how many alike addresses the routing table takes
 * @param timeouts for how long to wait for others
 * @param intervals how often to say and check things again
 * @param bounds how much is kept and accepted
 * @param validators by namespace, the part of a record's key between its first two slashes; records
 *     of other namespaces are refused
 * @param store what outlives this node
 * @param scheduler the clocks and threads
 * @param random for spreading load over time and over the key space; safe for use by any thread
 */
public record DhtConfig(
        ProtocolId protocol,
        Mode mode,
        Search search,
        Diversity diversity,
        Timeouts timeouts,
        Intervals intervals,
        Bounds bounds,
        Map<String, RecordValidator> validators,
        DhtStore store,
        Scheduler scheduler,
        RandomGenerator random) {

    /** The protocol of the public IPFS network, which nobody joins by accident. */
    private static final ProtocolId IPFS = ProtocolId.of("/ipfs/kad/1.0.0");

    public DhtConfig {
        validators = Map.copyOf(validators);
        for (var namespace : validators.keySet()) {
            if (namespace.isEmpty() || namespace.contains("/")) {
                throw new IllegalArgumentException("bad namespace \"" + namespace + "\"");
            }
        }
    }

    /** A server with libp2p's parameters, without records. */
    public static DhtConfig defaults(ProtocolId protocol) {
        return new DhtConfig(
                protocol,
                Mode.SERVER,
                Search.defaults(),
                Diversity.defaults(),
                Timeouts.defaults(),
                Intervals.defaults(),
                Bounds.defaults(),
                Map.of(),
                DhtStore.none(),
                Scheduler.system(),
                new SecureRandom());
    }

    /**
     * A client of the public IPFS network, by its protocol, its intervals and its public-key
     * records.
     */
    public static DhtConfig ipfs() {
        return defaults(IPFS)
                .withMode(Mode.CLIENT)
                .withIntervals(
                        Intervals.defaults()
                                .withProviders(Duration.ofHours(22), Duration.ofHours(48)))
                .withValidator(PublicKeyRecords.NAMESPACE, new PublicKeyRecords());
    }

    public DhtConfig withMode(Mode other) {
        return with(draft -> draft.mode = other);
    }

    public DhtConfig withSearch(Search other) {
        return with(draft -> draft.search = other);
    }

    public DhtConfig withDiversity(Diversity other) {
        return with(draft -> draft.diversity = other);
    }

    public DhtConfig withTimeouts(Timeouts other) {
        return with(draft -> draft.timeouts = other);
    }

    public DhtConfig withIntervals(Intervals other) {
        return with(draft -> draft.intervals = other);
    }

    public DhtConfig withBounds(Bounds other) {
        return with(draft -> draft.bounds = other);
    }

    /** Adds or replaces the validator of one namespace. */
    public DhtConfig withValidator(String namespace, RecordValidator validator) {
        return with(draft -> draft.validators.put(namespace, validator));
    }

    public DhtConfig withStore(DhtStore other) {
        return with(draft -> draft.store = other);
    }

    public DhtConfig withScheduler(Scheduler other) {
        return with(draft -> draft.scheduler = other);
    }

    public DhtConfig withRandom(RandomGenerator other) {
        return with(draft -> draft.random = other);
    }

    private DhtConfig with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.config();
    }

    /** About {@code interval}, a tenth more or less, so that nodes do not act in step. */
    Duration spread(Duration interval) {
        return Duration.ofNanos((long) (interval.toNanos() * random.nextDouble(0.9, 1.1)));
    }

    /** Whether a node takes part in storing and finding, or only asks. */
    public enum Mode {
        /** Answers; others learn by identify that it does, and keep it in their tables. */
        SERVER,
        /** Only asks: for nodes that others cannot dial. */
        CLIENT
    }

    /**
     * How lookups walk. The names are those of the Kademlia literature.
     *
     * @param k how many peers hold a record or provider record, and the size of a bucket
     * @param alpha how many questions of one lookup are open at a time
     * @param beta how many of the closest peers must have answered before a lookup that only looks
     *     for the way ends; at most {@code k}
     * @param paths how many disjoint ways a lookup of a record or of providers takes, none of which
     *     asks a peer of another: whoever misleads one does not mislead them all (S/Kademlia,
     *     Baumgart and Mies 2007); at most {@code alpha}
     * @param landmarks how many further parts of the key space around a key are stored in and
     *     searched, so that whoever crowds the key itself hides nothing; 0 to 8, none for plain
     *     Kademlia
     * @param peersAskedMax how many peers one lookup asks at most
     */
    public record Search(int k, int alpha, int beta, int paths, int landmarks, int peersAskedMax) {
        private static final int LANDMARKS_MAX = 8;

        public Search {
            positive("k", k);
            positive("alpha", alpha);
            positive("beta", beta);
            positive("paths", paths);
            positive("peersAskedMax", peersAskedMax);
            if (landmarks < 0 || landmarks > LANDMARKS_MAX) {
                throw new IllegalArgumentException(
                        "landmarks is " + landmarks + ", expected 0 to " + LANDMARKS_MAX);
            }
            if (paths > alpha) {
                throw new IllegalArgumentException("paths " + paths + ", more than alpha " + alpha);
            }
            if (beta > k) {
                throw new IllegalArgumentException("beta " + beta + " is more than k " + k);
            }
        }

        public static Search defaults() {
            return new Search(20, 10, 3, 3, 3, 60);
        }
    }

    /**
     * For how long to wait for others.
     *
     * @param request for dialling a peer, asking it and reading its answer
     * @param slow for a peer's answer before a lookup goes on without it; once some have answered
     *     it is a few times as long as the slowest of the last ones took, but never longer
     * @param lookup for a whole lookup; what was found until then counts
     * @param idle for the next request on a stream that a peer opened, and for reading our answer
     */
    public record Timeouts(Duration request, Duration slow, Duration lookup, Duration idle) {
        public Timeouts {
            positive("request", request);
            positive("slow", slow);
            positive("lookup", lookup);
            positive("idle", idle);
        }

        public static Timeouts defaults() {
            return new Timeouts(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(2),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(1));
        }
    }

    /**
     * How often to say and check things again. Nothing can be taken back from the peers that hold
     * it, so what is short-lived, as workers are, must expire soon.
     *
     * @param refresh between two looks at every part of the routing table
     * @param rejoinMin before knocking at the bootstrap peers again while the table is empty;
     *     doubled each time
     * @param rejoinMax at most between two knocks, and between two looks whether the table is empty
     * @param providerRepublish between two announcements of what this node provides
     * @param providerExpiry for how long an announcement of others counts
     * @param recordRepublish between two puts of this node's records
     * @param recordExpiry for how long a record of others is held at most
     */
    public record Intervals(
            Duration refresh,
            Duration rejoinMin,
            Duration rejoinMax,
            Duration providerRepublish,
            Duration providerExpiry,
            Duration recordRepublish,
            Duration recordExpiry) {
        public Intervals {
            positive("refresh", refresh);
            positive("rejoinMin", rejoinMin);
            positive("rejoinMax", rejoinMax);
            positive("providerRepublish", providerRepublish);
            positive("providerExpiry", providerExpiry);
            positive("recordRepublish", recordRepublish);
            positive("recordExpiry", recordExpiry);
        }

        public static Intervals defaults() {
            return new Intervals(
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(20),
                    Duration.ofHours(1),
                    Duration.ofHours(22),
                    Duration.ofDays(2));
        }

        public Intervals withProviders(Duration republish, Duration expiry) {
            return new Intervals(
                    refresh,
                    rejoinMin,
                    rejoinMax,
                    republish,
                    expiry,
                    recordRepublish,
                    recordExpiry);
        }

        public Intervals withRecords(Duration republish, Duration expiry) {
            return new Intervals(
                    refresh,
                    rejoinMin,
                    rejoinMax,
                    providerRepublish,
                    providerExpiry,
                    republish,
                    expiry);
        }
    }

    /**
     * How much is kept and accepted. What a stranger can grow stops here.
     *
     * @param recordsMax records held for others
     * @param recordsPerOwnerMax records of one owner held, where their validator names owners
     * @param recordBytesMax bytes of one record's value
     * @param providersMax pairs of key and provider held for others
     * @param providersPerKeyMax providers held for one key
     * @param keysPerProviderMax keys that one provider may announce here
     * @param streamsMax streams served at a time
     * @param streamsPerPeerMax streams of one peer served at a time
     */
    public record Bounds(
            int recordsMax,
            int recordsPerOwnerMax,
            int recordBytesMax,
            int providersMax,
            int providersPerKeyMax,
            int keysPerProviderMax,
            int streamsMax,
            int streamsPerPeerMax) {
        public Bounds {
            positive("recordsMax", recordsMax);
            positive("recordsPerOwnerMax", recordsPerOwnerMax);
            positive("recordBytesMax", recordBytesMax);
            positive("providersMax", providersMax);
            positive("providersPerKeyMax", providersPerKeyMax);
            positive("keysPerProviderMax", keysPerProviderMax);
            positive("streamsMax", streamsMax);
            positive("streamsPerPeerMax", streamsPerPeerMax);
        }

        public static Bounds defaults() {
            return new Bounds(1024, 64, 8 * 1024, 4096, 100, 256, 1024, 16);
        }
    }

    /** A configuration being changed. */
    private static final class Draft {
        private final ProtocolId protocol;
        private Mode mode;
        private Search search;
        private Diversity diversity;
        private Timeouts timeouts;
        private Intervals intervals;
        private Bounds bounds;
        private final Map<String, RecordValidator> validators;
        private DhtStore store;
        private Scheduler scheduler;
        private RandomGenerator random;

        Draft(DhtConfig config) {
            protocol = config.protocol;
            mode = config.mode;
            search = config.search;
            diversity = config.diversity;
            timeouts = config.timeouts;
            intervals = config.intervals;
            bounds = config.bounds;
            validators = new HashMap<>(config.validators);
            store = config.store;
            scheduler = config.scheduler;
            random = config.random;
        }

        DhtConfig config() {
            return new DhtConfig(
                    protocol,
                    mode,
                    search,
                    diversity,
                    timeouts,
                    intervals,
                    bounds,
                    validators,
                    store,
                    scheduler,
                    random);
        }
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", expected at least 1");
        }
    }

    private static void positive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + " is " + value + ", expected more than 0");
        }
    }
}
