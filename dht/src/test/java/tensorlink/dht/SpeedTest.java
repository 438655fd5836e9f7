package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;

/** Prints what lookups take by the wall clock; run with {@code -Psoak}. */
@Tag("soak")
class SpeedTest {
    private static final long SEED = 9;
    private static final int WARM_UP = 300;
    private static final int MEASURED = 1_000;

    private final Random random = new Random(SEED);
    private final List<Host> hosts = new ArrayList<>();
    private final List<Dht> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        nodes.forEach(Dht::close);
        hosts.forEach(Host::close);
    }

    @Test
    void two_hundred_nodes_in_this_process() throws IOException, InterruptedException {
        var network = new FakeNetwork(Scheduler.system(), Duration.ZERO);
        for (int i = 0; i < 200; i++) {
            join(network.host());
        }

        measure("200 nodes, pipes in memory");
    }

    @Test
    void twenty_hosts_on_tcp_loopback() throws IOException, InterruptedException {
        for (int i = 0; i < 20; i++) {
            join(Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1)));
        }

        measure("20 hosts, TCP loopback");
    }

    private void join(Host host) throws IOException, InterruptedException {
        hosts.add(host);
        var config = DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0"));
        var node = Dht.start(host, config);
        nodes.add(node);
        if (hosts.size() > 1) {
            node.bootstrap(List.of(hosts.getFirst().info()));
        }
    }

    private void measure(String where) throws InterruptedException {
        var lookups = new Times("lookup of the closest 20");
        var provides = new Times("provide");
        var finds = new Times("find one provider");
        var misses = new Times("find that there is none");
        for (int i = 0; i < WARM_UP + MEASURED; i++) {
            var key = Key.named("key " + i);
            int provider = random.nextInt(nodes.size());
            int finder = (provider + 1 + random.nextInt(nodes.size() - 1)) % nodes.size();

            var closest = lookups.measure(() -> nodes.get(finder).closestPeers(key));
            misses.measure(() -> nodes.get(finder).findProviders(key, 1));
            provides.measure(() -> nodes.get(provider).provide(key));
            var found = finds.measure(() -> nodes.get(finder).findProviders(key, 1));

            nodes.get(provider).withdraw(key);
            assertThat(closest).hasSize(Math.min(20, nodes.size() - 1));
            assertThat(found).as("seed %d", SEED).containsExactly(hosts.get(provider).info());
            if (i == WARM_UP) {
                List.of(lookups, provides, finds, misses).forEach(Times::clear);
            }
        }
        for (var times : List.of(lookups, provides, finds, misses)) {
            System.out.println(where + ": " + times);
        }
    }
}
