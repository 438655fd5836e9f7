package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * 200 nodes in virtual time, each of which knew one address when it came. One network for all
 * tests, because it takes seconds to grow; the test that breaks it comes last.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NetworkTest {
    private static final long SEED = 42;
    private static final int NODES = 200;
    private static final int LOOKUPS = 100;

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final Random random = new Random(SEED);
    private final List<FakeHost> hosts = new ArrayList<>();
    private final List<Dht> nodes = new ArrayList<>();

    @BeforeAll
    void all_nodes_enter() throws IOException, InterruptedException {
        scheduler.run(this::enterAll);
    }

    @Test
    @Order(1)
    void every_lookup_ends_at_the_closest_peers() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var hops = lookUp(nodes, 0.999);

            assertThat(median(hops)).as("seed %d", SEED).isLessThanOrEqualTo(3);
            assertNoBugs();
        });
    }

    @Test
    @Order(2)
    void a_provider_is_found_from_every_node() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var key = Key.named("/test/role/worker");
            int told = nodes.get(7).provide(key);

            var before = scheduler.now();
            int finders = 0;
            for (int i = 0; i < NODES; i++) {
                var found = nodes.get(i).findProviders(key, 1);
                finders += found.equals(List.of(hosts.get(7).info())) ? 1 : 0;
            }

            report("find providers", before, NODES);
            assertThat(told).isEqualTo(20);
            assertThat(finders).as("seed %d", SEED).isEqualTo(NODES - 1);
            assertNoBugs();
        });
    }

    @Test
    @Order(3)
    void a_fifth_of_the_nodes_may_vanish() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var keys = new ArrayList<Key>();
            for (int i = 0; i < 20; i++) {
                keys.add(Key.named("/test/thing/" + i));
                nodes.get(i).provide(keys.get(i));
            }
            var order = new ArrayList<Integer>();
            for (int i = 20; i < NODES; i++) {
                order.add(i);
            }
            Collections.shuffle(order, random);
            var living = new ArrayList<>(nodes);
            for (int i : order.subList(0, NODES / 5)) {
                hosts.get(i).vanish();
                living.remove(nodes.get(i));
            }

            int found = 0;
            for (int i = 0; i < LOOKUPS; i++) {
                var finder = living.get(20 + random.nextInt(living.size() - 20));
                found += finder.findProviders(keys.get(i % 20), 1).size();
            }
            var hops = lookUp(living, 0.97);
            scheduler.sleep(Duration.ofMinutes(22));
            lookUp(living, 0.99);

            assertThat(found).as("seed %d", SEED).isEqualTo(LOOKUPS);
            assertThat(median(hops)).as("seed %d", SEED).isLessThanOrEqualTo(4);
            assertNoBugs();
        });
    }

    private void enterAll() throws IOException, InterruptedException {
        for (int i = 0; i < NODES; i++) {
            var host = network.host();
            var node = Dht.start(host, config());
            if (i > 0) {
                node.bootstrap(List.of(hosts.getFirst().info()));
            }
            hosts.add(host);
            nodes.add(node);
        }
    }

    /** Looks up random keys from random nodes and returns how many hops each took. */
    private List<Integer> lookUp(List<Dht> living, double recallMin) throws InterruptedException {
        var peers = new ArrayList<PeerInfo>();
        for (var node : living) {
            peers.add(hosts.get(nodes.indexOf(node)).info());
        }
        var before = scheduler.now();
        var hops = new ArrayList<Integer>();
        int asked = 0;
        int expected = 0;
        int hits = 0;
        int closestFound = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            int from = random.nextInt(living.size());
            var key = Key.named("random " + random.nextLong());

            var lookup = living.get(from).lookUp(key);

            var others = new ArrayList<>(peers);
            others.remove(from);
            var truth = new ArrayList<>(Peers.closest(key, others, 20));
            closestFound += lookup.closest().getFirst().equals(truth.getFirst()) ? 1 : 0;
            expected += truth.size();
            truth.retainAll(lookup.closest());
            hits += truth.size();
            asked += lookup.asked();
            hops.add(lookup.hops());
        }
        report("lookup", before, LOOKUPS);
        System.out.printf(
                "%d lookups among %d nodes: closest %.1f %%, closest twenty %.2f %%,"
                        + " median hops %d, asked %.1f on average%n",
                LOOKUPS,
                living.size(),
                100.0 * closestFound / LOOKUPS,
                100.0 * hits / expected,
                median(hops),
                (double) asked / LOOKUPS);
        assertThat((double) closestFound / LOOKUPS).as("seed %d", SEED).isGreaterThan(0.99);
        assertThat((double) hits / expected).as("seed %d", SEED).isGreaterThan(recallMin);
        return hops;
    }

    private void report(String what, Instant before, int count) {
        var mean = Duration.between(before, scheduler.now()).dividedBy(count);
        System.out.printf(
                "%s: %d ms of virtual time on average, at %d ms one way%n",
                what, mean.toMillis(), network.latency().toMillis());
    }

    private void assertNoBugs() {
        for (var host : hosts) {
            assertThat(host.bugs()).isEmpty();
        }
    }

    private static int median(List<Integer> numbers) {
        var sorted = new ArrayList<>(numbers);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private DhtConfig config() {
        return DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0"))
                .withScheduler(scheduler)
                .withRandom(random);
    }
}
