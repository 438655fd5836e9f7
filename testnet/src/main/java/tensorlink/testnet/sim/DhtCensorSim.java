package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtRecord;
import tensorlink.dht.Key;
import tensorlink.dht.RecordRefusedException;
import tensorlink.testnet.sim.SimulatedNetwork.Reach;

/**
 * Keys around which attackers crowd, closer than every honest node and each at an address of its
 * own, before anything is stored there. They answer readily, and with nothing but themselves; the
 * attack of arXiv 2505.01139.
 */
final class DhtCensorSim {
    private static final int KEYS = 25;
    private static final int LOOKUPS_PER_KEY = 20;
    private static final int SYBILS = 45;
    private static final int PROVIDERS_WANTED = 20;

    /** Closer than the closest honest node by so many bits. */
    private static final int BITS_CLOSER = 2;

    private final int nodes;
    private final boolean plain;
    private final Consumer<String> progress;
    private final DhtWorld world;
    private final DhtScenario scenario;
    private long gets;
    private long got;
    private long searches;
    private long found;
    private long crowded;

    /**
     * A simulation.
     *
     * @param plain whether the honest nodes do without regions and disjoint paths, to see what the
     *     attack does then
     * @param progress told how far it is
     */
    DhtCensorSim(int nodes, long seed, boolean plain, Consumer<String> progress) {
        var usual = DhtConfig.Search.defaults();
        this.nodes = nodes;
        this.plain = plain;
        this.progress = progress;
        this.world = new DhtWorld(seed, 0);
        this.scenario =
                new DhtScenario(
                        world,
                        Duration.ofMinutes(10),
                        plain
                                ? new DhtConfig.Search(
                                        usual.k(),
                                        usual.alpha(),
                                        usual.beta(),
                                        1,
                                        0,
                                        usual.peersAskedMax())
                                : usual);
    }

    /** Runs it and returns the figures by name. */
    Map<String, Object> run() throws IOException, InterruptedException {
        world.time().run(this::live);
        var figures = new LinkedHashMap<String, Object>();
        figures.put("nodes", nodes);
        figures.put("plainKademlia", plain);
        figures.put("keys", KEYS);
        figures.put("sybilsPerKey", SYBILS);
        figures.put("closestAreSybils", DhtSim.share(crowded, KEYS));
        figures.put("lookups", gets + searches);
        figures.put("success", DhtSim.share(got + found, gets + searches));
        figures.put("getSuccess", DhtSim.share(got, gets));
        figures.put("findProvidersSuccess", DhtSim.share(found, searches));
        figures.put("virtualSeconds", world.time().elapsed().toSeconds());
        figures.put("questions", world.trace().events());
        figures.put("trace", world.trace().hash());
        return figures;
    }

    private void live() throws IOException, InterruptedException {
        world.report(progress);
        scenario.grow(nodes, Duration.ofMillis(60L * nodes));
        world.time().sleep(Duration.ofMinutes(11));
        for (int i = 0; i < KEYS; i++) {
            attack(i);
        }
    }

    private void attack(int number) throws RecordRefusedException, InterruptedException {
        var record = scenario.record("censored " + number, "value " + number);
        var key = Key.of(record.key());
        var crowd = crowd(key);
        world.time().sleep(Duration.ofMinutes(1));
        crowded += crowd.members().contains(closest(key)) ? 1 : 0;

        var publisher = publicNode();
        publisher.dht().put(record);
        publisher.dht().provide(key);

        for (int i = 0; i < LOOKUPS_PER_KEY / 2; i++) {
            get(record);
            find(key, publisher);
        }
        publisher.dht().withdraw(key);
        crowd.members().forEach(DhtPeer::vanish);
    }

    /** Attackers around {@code key}, known to everybody whom it concerns and to many others. */
    private DhtCrowd crowd(Key key) {
        int prefix = (int) (Math.log(nodes) / Math.log(2)) + BITS_CLOSER;
        var crowd = new DhtCrowd(world);
        for (int i = 0; i < SYBILS; i++) {
            var id = world.idNear(key, prefix);
            crowd.add(world.peer(id, world.randomAddress(), Reach.PUBLIC));
        }
        int near = prefix - BITS_CLOSER - 7;
        for (var peer : List.copyOf(world.living())) {
            boolean concerned = peer.key().commonPrefix(key) >= near;
            if (peer.isHonest() && (concerned || world.random().nextInt(10) == 0)) {
                crowd.approach(peer);
            }
        }
        return crowd;
    }

    private DhtPeer closest(Key key) {
        var closest = world.anyone();
        for (var peer : world.living()) {
            if (key.distance(peer.key()) < key.distance(closest.key())) {
                closest = peer;
            }
        }
        return closest;
    }

    private DhtPeer publicNode() {
        while (true) {
            var peer = scenario.settled();
            if (peer.isPublic()) {
                return peer;
            }
        }
    }

    private void get(DhtRecord record) throws RecordRefusedException, InterruptedException {
        gets++;
        var got = scenario.settled().dht().get(record.key());
        this.got += got.isPresent() && got.get().equals(record) ? 1 : 0;
    }

    private void find(Key key, DhtPeer publisher) throws InterruptedException {
        var finder = scenario.settled();
        if (finder == publisher) {
            return;
        }
        searches++;
        for (var provider : finder.dht().findProviders(key, PROVIDERS_WANTED)) {
            if (provider.id().equals(publisher.self().id())) {
                found++;
                return;
            }
        }
    }
}
