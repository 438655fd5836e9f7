package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tensorlink.dht.DhtConfig;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.testnet.bench.figures.Figures;

/**
 * The way in: somebody new who knows one seed, from nothing until he holds a record that another
 * node has stored. Beside it what nobody is spared: a host that starts and pings the seed.
 *
 * @param nodes of the network that is there before
 */
record JoinTask(int nodes, int joins, Scheduler scheduler) implements Task {
    static final String JOIN = "join.millis";
    static final String PING = "join.pingMillis";

    @Override
    public void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var network = new ArrayList<KadNode>();
        try {
            progress.accept("join: a network of " + nodes);
            network.add(start(List.of()));
            for (int i = 1; i < nodes; i++) {
                network.add(start(network.subList(0, 1)));
            }
            var record =
                    network.getLast().record("first", scheduler.now().plus(Duration.ofHours(1)));
            network.getLast().dht().put(record);
            for (int i = 0; i < joins; i++) {
                progress.accept("join " + (i + 1) + " of " + joins);
                figures.add(PING, ping(network.getFirst()));
                long begun = scheduler.nanoTime();
                try (var newcomer = start(network.subList(0, 1))) {
                    if (newcomer.dht().get(record.key()).isEmpty()) {
                        throw new IOException("the record was not found");
                    }
                    figures.add(JOIN, (scheduler.nanoTime() - begun) / 1e6);
                }
            }
        } finally {
            network.reversed().forEach(KadNode::close);
        }
    }

    private double ping(KadNode seed) throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        try (var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults())) {
            host.peers().add(seed.host().info());
            Libp2p.ping(host, seed.host().id());
            return (scheduler.nanoTime() - begun) / 1e6;
        }
    }

    private static KadNode start(List<KadNode> seeds) throws IOException, InterruptedException {
        var infos = seeds.stream().map(seed -> seed.host().info()).toList();
        return KadNode.start(HostConfig.defaults(), DhtConfig.Search.defaults(), infos);
    }
}
