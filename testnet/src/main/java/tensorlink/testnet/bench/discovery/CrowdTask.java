package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import tensorlink.dht.DhtConfig.Search;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.testnet.bench.figures.Figures;

/**
 * The setting in which hivemind was measured: many peers on one machine, nobody leaves, one record
 * after the other stored and fetched by peers drawn at random.
 *
 * @param search how they look for the way
 * @param carrier what their connections are
 */
record CrowdTask(
        int peers, int keys, Search search, Carrier carrier, long seed, Scheduler scheduler)
        implements Task {
    static final String GET = "crowd.getMillis";
    static final String STORE = "crowd.storeMillis";
    static final String HOLDERS = "crowd.holders";

    /** What carries bytes, and how many connections of each host a process has room for. */
    enum Carrier {
        /** TCP on loopback: 1,024 hosts share the files that a process may open. */
        sockets(6, 10),
        /** Channels in memory, encrypted and multiplexed like the others. */
        memory(96, 128);

        private final int low;
        private final int high;

        Carrier(int low, int high) {
            this.low = low;
            this.high = high;
        }

        private Limits limits() {
            return Limits.defaults()
                    .withTrimming(
                            new Limits.Trimming(
                                    low, high, Duration.ofSeconds(1), Duration.ofSeconds(1)));
        }
    }

    @Override
    public void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var random = new SplittableRandom(seed);
        var crowd = new ArrayList<KadNode>();
        try (var memory = new MemoryNetwork(Runtime.getRuntime().availableProcessors())) {
            run(crowd, memory, random, figures, progress);
        }
    }

    private void run(
            List<KadNode> crowd,
            MemoryNetwork memory,
            SplittableRandom random,
            Figures figures,
            Consumer<String> progress)
            throws IOException, InterruptedException {
        try {
            for (int i = 0; i < peers; i++) {
                if (i % 64 == 0) {
                    progress.accept("crowd: " + i + " of " + peers + " peers");
                }
                var seeds =
                        crowd.isEmpty()
                                ? List.<KadNode>of()
                                : List.of(crowd.get(random.nextInt(crowd.size())));
                crowd.add(
                        KadNode.start(
                                config(memory, i),
                                search,
                                seeds.stream().map(it -> it.host().info()).toList()));
            }
            for (int i = 0; i < keys; i++) {
                if (i % 50 == 0) {
                    progress.accept("crowd: " + i + " of " + keys + " records");
                }
                exchange(crowd, random, "key " + i, figures);
            }
        } finally {
            progress.accept("crowd: closing");
            crowd.forEach(KadNode::close);
        }
    }

    private void exchange(
            List<KadNode> crowd, SplittableRandom random, String name, Figures figures)
            throws IOException, InterruptedException {
        var writer = crowd.get(random.nextInt(crowd.size()));
        var reader = crowd.get(random.nextInt(crowd.size()));
        var record = writer.record(name, scheduler.now().plus(Duration.ofHours(1)));
        long begun = scheduler.nanoTime();
        figures.add(HOLDERS, writer.dht().put(record));
        long stored = scheduler.nanoTime();
        if (reader.dht().get(record.key()).isEmpty()) {
            throw new IOException("a record was not found, seed " + seed);
        }
        figures.add(STORE, (stored - begun) / 1e6);
        figures.add(GET, (scheduler.nanoTime() - stored) / 1e6);
    }

    private HostConfig config(MemoryNetwork memory, int number) {
        var config = HostConfig.defaults().withEventLoops(1).withLimits(carrier.limits());
        return switch (carrier) {
            case sockets -> config;
            case memory ->
                    config.withMemory(memory).withListen(Multiaddr.parse("/memory/" + number));
        };
    }
}
