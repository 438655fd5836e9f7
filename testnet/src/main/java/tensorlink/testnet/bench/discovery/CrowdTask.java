package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import tensorlink.dht.DhtConfig.Search;
import tensorlink.dht.DhtRecord;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.net.Together;

/**
 * Many peers on one machine, none of which leaves, in two settings:
 *
 * <ul>
 *   <li>hivemind's, with which its figures were taken: the last but one of the peers stores many
 *       records and the last one gets them, so many at a time; what counts is the time of all by
 *       their number. Nobody cuts these two off: each comes to be connected with everybody.
 *   <li>a harder one: one record after the other, stored and fetched by peers drawn at random,
 *       which first have to connect with most of those they ask.
 * </ul>
 *
 * @param search how they look for the way
 * @param carrier what their connections are
 */
record CrowdTask(Size size, Search search, Carrier carrier, long seed, Scheduler scheduler)
        implements Task {
    static final String GET = "crowd.getMillis";
    static final String STORE = "crowd.storeMillis";
    static final String HOLDERS = "crowd.holders";
    static final String LONE_GET = "crowd.loneGetMillis";
    static final String LONE_STORE = "crowd.loneStoreMillis";
    private static final String LONE_GET_DIALS = "crowd.loneGetDials";
    private static final String LONE_STORE_DIALS = "crowd.loneStoreDials";

    private static final Duration LIFETIME = Duration.ofHours(1);

    /**
     * How much of everything.
     *
     * @param keys records stored and got by the two peers of hivemind's setting
     * @param batch how many of them at a time
     * @param lone records stored and got one after the other
     */
    record Size(int peers, int keys, int batch, int lone) {}

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

        private Limits.Trimming trimming() {
            return new Limits.Trimming(low, high, Duration.ofSeconds(1), Duration.ofSeconds(1));
        }
    }

    @Override
    public void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        try (var memory = new MemoryNetwork(Runtime.getRuntime().availableProcessors())) {
            var crowd = new ArrayList<KadNode>();
            try {
                measure(crowd, memory, figures, progress);
            } finally {
                progress.accept("crowd: closing");
                crowd.forEach(KadNode::close); // before the memory that they speak through
            }
        }
    }

    private void measure(
            List<KadNode> crowd, MemoryNetwork memory, Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var random = new SplittableRandom(seed);
        gather(crowd, memory, random, progress);
        exchangeMany(crowd.get(crowd.size() - 2), crowd.get(crowd.size() - 1), figures, progress);
        for (int i = 0; i < size.lone(); i++) {
            if (i % 50 == 0) {
                progress.accept("crowd: " + i + " of " + size.lone() + " lone records");
            }
            exchangeOne(crowd, random, "lone " + i, figures);
        }
    }

    private void gather(
            List<KadNode> crowd,
            MemoryNetwork memory,
            SplittableRandom random,
            Consumer<String> progress)
            throws IOException, InterruptedException {
        for (int i = 0; i < size.peers(); i++) {
            if (i % 64 == 0) {
                progress.accept("crowd: " + i + " of " + size.peers() + " peers");
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
    }

    private void exchangeMany(
            KadNode writer, KadNode reader, Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var batches = new ArrayList<List<DhtRecord>>();
        for (int i = 0; i < size.keys(); i++) {
            if (i % size.batch() == 0) {
                batches.add(new ArrayList<>());
            }
            batches.getLast().add(writer.record("key " + i, scheduler.now().plus(LIFETIME)));
        }
        progress.accept("crowd: storing " + size.keys() + " records");
        note(figures, STORE, writer, batches, record -> writer.dht().put(record));
        progress.accept("crowd: getting " + size.keys() + " records");
        note(figures, GET, reader, batches, record -> get(reader, record));
    }

    /**
     * Does {@code what} with all of each batch at once and notes what each record took of the time,
     * and of the dials of {@code who}.
     */
    private void note(
            Figures figures, String name, KadNode who, List<List<DhtRecord>> batches, Exchange what)
            throws IOException, InterruptedException {
        var dials = new Dials();
        try (var _ = who.host().control().observe(dials)) {
            for (var batch : batches) {
                var all = new Together(scheduler);
                long begun = scheduler.nanoTime();
                for (var record : batch) {
                    all.start(name, () -> what.run(record));
                }
                all.await();
                figures.add(name, (scheduler.nanoTime() - begun) / 1e6 / batch.size());
                figures.add(name + ".dials", (double) dials.take() / batch.size());
            }
        }
    }

    private void get(KadNode reader, DhtRecord record) throws IOException, InterruptedException {
        if (reader.dht().get(record.key()).isEmpty()) {
            throw new IOException("a record was not found, seed " + seed);
        }
    }

    private void exchangeOne(
            List<KadNode> crowd, SplittableRandom random, String name, Figures figures)
            throws IOException, InterruptedException {
        var writer = crowd.get(random.nextInt(crowd.size()));
        var reader = crowd.get(random.nextInt(crowd.size()));
        var record = writer.record(name, scheduler.now().plus(LIFETIME));
        var dials = new Dials();
        try (var _ = writer.host().control().observe(dials)) {
            long begun = scheduler.nanoTime();
            figures.add(HOLDERS, writer.dht().put(record));
            figures.add(LONE_STORE, (scheduler.nanoTime() - begun) / 1e6);
            figures.add(LONE_STORE_DIALS, dials.take());
        }
        try (var _ = reader.host().control().observe(dials)) {
            long begun = scheduler.nanoTime();
            get(reader, record);
            figures.add(LONE_GET, (scheduler.nanoTime() - begun) / 1e6);
            figures.add(LONE_GET_DIALS, dials.take());
        }
    }

    private HostConfig config(MemoryNetwork memory, int number) {
        boolean isMeasured = number >= size.peers() - 2;
        var trimming =
                isMeasured
                        ? Limits.defaults().trimming().withHigh(size.peers())
                        : carrier.trimming();
        var config =
                HostConfig.defaults()
                        .withEventLoops(1)
                        .withLimits(Limits.defaults().withTrimming(trimming));
        return switch (carrier) {
            case sockets -> config;
            case memory ->
                    config.withMemory(memory).withListen(Multiaddr.parse("/memory/" + number));
        };
    }

    /** Something done with a record. */
    private interface Exchange {
        void run(DhtRecord record) throws IOException, InterruptedException;
    }

    /** Counts the connections that a host makes. */
    private static final class Dials implements HostObserver {
        private final AtomicInteger count = new AtomicInteger();

        @Override
        public void dialled(
                PeerId peer, Multiaddr address, Duration took, Optional<IOException> failure) {
            count.incrementAndGet();
        }

        int take() {
            return count.getAndSet(0);
        }
    }
}
