package tensorlink.testnet.sim;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.dht.BootstrapException;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtRecord;
import tensorlink.dht.RecordValidator;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.testnet.sim.SimulatedNetwork.Reach;

/** A hash table that grows to its size and then lives, with nodes that come and go. */
final class DhtScenario {
    private static final Logger log = LoggerFactory.getLogger(DhtScenario.class);

    static final String NAMESPACE = "sim";

    /** The first nodes, which newcomers know; they stay up. */
    private static final int SEEDS = 8;

    /** A node for this many is behind a NAT and only asks. */
    private static final int ONE_BEHIND_NAT_IN = 5;

    private final DhtWorld world;
    private final DhtConfig config;
    private final List<DhtPeer> seeds = new ArrayList<>();
    private long joinsFailed;
    private long left;

    DhtScenario(DhtWorld world, Duration refresh, DhtConfig.Search search) {
        this.world = world;
        var usual = DhtConfig.Intervals.defaults();
        this.config =
                DhtConfig.defaults(ProtocolId.of("/tensorlink/sim/kad/1.0.0"))
                        .withSearch(search)
                        .withIntervals(
                                new DhtConfig.Intervals(
                                        refresh,
                                        usual.rejoinMin(),
                                        usual.rejoinMax(),
                                        usual.providerRepublish(),
                                        usual.providerExpiry(),
                                        usual.recordRepublish(),
                                        usual.recordExpiry()))
                        .withValidator(NAMESPACE, new Unsigned())
                        .withScheduler(world.time())
                        .withRandom(world.random());
    }

    /** How the honest nodes are configured. */
    DhtConfig config() {
        return config;
    }

    /** Lets {@code count} nodes join within {@code span}, and waits until they have. */
    void grow(int count, Duration span) throws InterruptedException {
        var pause = span.dividedBy(count);
        for (int i = 0; i < count; i++) {
            if (i < SEEDS) {
                var seed = world.peer(Reach.PUBLIC);
                seeds.add(seed);
                enter(seed);
            } else {
                world.time().fork("join", this::join);
            }
            world.time().sleep(pause);
        }
        world.time().sleep(Duration.ofMinutes(1));
    }

    /** A new node joins by one of the seeds. */
    private void join() {
        boolean hidden = world.random().nextInt(ONE_BEHIND_NAT_IN) == 0;
        var peer = world.peer(hidden ? Reach.BEHIND_NAT : Reach.PUBLIC);
        try {
            enter(peer);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts an honest node at {@code peer}, which knows two of the seeds. */
    void enter(DhtPeer peer) throws InterruptedException {
        var known = new ArrayList<PeerInfo>();
        for (int i = 0; i < 2 && !seeds.isEmpty(); i++) {
            known.add(seeds.get(world.random().nextInt(seeds.size())).self());
        }
        enter(peer, known);
    }

    /** Starts or restarts an honest node at {@code peer}, which knows these and what it saved. */
    void enter(DhtPeer peer, List<PeerInfo> known) throws InterruptedException {
        var mode = peer.isPublic() ? DhtConfig.Mode.SERVER : DhtConfig.Mode.CLIENT;
        try {
            peer.start(config.withMode(mode)).bootstrap(known);
        } catch (BootstrapException alone) {
            joinsFailed++;
            log.debug("a node found no way in: {}", alone.getMessage());
        }
    }

    /**
     * From now on so large a share of the nodes leave in an hour, without a word, and as many new
     * ones come.
     */
    void churn(double sharePerHour) {
        world.time()
                .fork(
                        "churn",
                        () -> {
                            try {
                                while (true) {
                                    double perSecond = sharePerHour * world.living().size() / 3600;
                                    double wait =
                                            -Math.log(1 - world.random().nextDouble()) / perSecond;
                                    world.time().sleep(Duration.ofNanos((long) (wait * 1e9)));
                                    replaceOne();
                                }
                            } catch (InterruptedException ended) {
                                Thread.currentThread().interrupt();
                            }
                        });
    }

    private void replaceOne() {
        var leaving = world.anyone();
        if (leaving.isHonest() && !seeds.contains(leaving) && !leaving.isProtected()) {
            leaving.vanish();
            world.forget(leaving);
            left++;
            world.time().fork("join", this::join);
        }
    }

    /** How many nodes found nobody to join by. */
    long joinsFailed() {
        return joinsFailed;
    }

    /** How many nodes left. */
    long left() {
        return left;
    }

    /** A record under a key of its own. */
    DhtRecord record(String name, String value) {
        return new DhtRecord(
                ByteString.copyFromUtf8("/" + NAMESPACE + "/" + name),
                ByteString.copyFromUtf8(value));
    }

    /** An honest node that has been up for a minute at least. */
    DhtPeer settled() {
        long latest = world.time().nanoTime() - Duration.ofMinutes(1).toNanos();
        while (true) {
            var peer = world.anyone();
            if (peer.isHonest() && peer.joinedNanos() <= latest) {
                return peer;
            }
        }
    }

    /**
     * Takes every record: signatures cost time, say nothing about routing, and are tested
     * elsewhere.
     */
    private static final class Unsigned implements RecordValidator {
        @Override
        public Verdict check(DhtRecord record, Instant now) {
            return new Verdict.Valid(Instant.MAX);
        }

        @Override
        public int compare(DhtRecord left, DhtRecord right) {
            return ByteString.unsignedLexicographicalComparator()
                    .compare(left.value(), right.value());
        }
    }
}
