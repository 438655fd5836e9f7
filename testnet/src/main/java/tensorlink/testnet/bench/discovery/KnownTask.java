package tensorlink.testnet.bench.discovery;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.security.SignatureException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import tensorlink.dht.BootstrapException;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.Key;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.SealedPeerRecord;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.ProcessorTime;

/**
 * What it costs to know others: a peer store that holds what each of them said about itself, and a
 * routing table that has met as many of them as it takes; the heap of both after a collection,
 * beside the bytes that they said, and the processor time of a lookup over the table.
 *
 * @param known how many peers there are
 */
record KnownTask(int known, long seed, Scheduler scheduler) implements Task {
    static final String STORE = "known.storeBytesPerThousand";
    static final String SAID = "known.saidBytesPerThousand";
    static final String TABLE_PEERS = "known.tablePeers";
    static final String TABLE = "known.tableBytesPerThousand";
    static final String LOOKUP = "known.cpuMicrosPerLookup";
    static final String QUESTIONS = "known.questionsPerLookup";
    static final String NOTE = "known.cpuMicrosPerPeerIdentified";

    private static final ProtocolId KAD = ProtocolId.of("/tensorlink/bench/kad/1.0.0");
    private static final int LOOKUPS = 200;
    private static final int TABLES = 20;
    private static final List<String> PROTOCOLS =
            List.of(
                    "/ipfs/id/1.0.0",
                    "/ipfs/id/push/1.0.0",
                    "/ipfs/ping/1.0.0",
                    "/libp2p/autonat/1.0.0",
                    "/libp2p/autonat/2/dial-request",
                    "/libp2p/circuit/relay/0.2.0/stop",
                    "/meshsub/1.2.0",
                    "/meshsub/1.1.0",
                    "/tensorlink/bench/kad/1.0.0",
                    "/tensorlink/bench/job/1.0.0");

    @Override
    public void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        progress.accept("known: making " + known + " peers");
        var said = new ArrayList<Said>();
        var random = new SplittableRandom(seed);
        for (int i = 0; i < known; i++) {
            said.add(Said.by(random));
        }
        // The tables are small: what the store leaves behind would be more than they hold.
        table(said, random, figures, progress);
        store(said, figures);
    }

    /** As identify brings it: everybody's own copies of everything. */
    private record Said(PeerInfo peer, ByteString record) {
        static Said by(SplittableRandom random) {
            var secret = new byte[32];
            random.nextBytes(secret);
            var key = KeyPair.ofSeed(ByteString.copyFrom(secret));
            // Public ones, and no two in one subnet: the table would take only some of those.
            var address =
                    Multiaddr.parse(
                            "/ip4/"
                                    + random.nextInt(11, 99)
                                    + "."
                                    + random.nextInt(256)
                                    + "."
                                    + random.nextInt(256)
                                    + ".7/tcp/38751");
            var sealed = new PeerRecord(key.peerId(), 1, List.of(address)).seal(key);
            return new Said(new PeerInfo(key.peerId(), List.of(address)), sealed.encode());
        }

        Identification identification() throws IOException {
            try {
                var opened = SealedPeerRecord.open(record);
                var protocols = new ArrayList<String>();
                for (var protocol : PROTOCOLS) {
                    protocols.add(ByteString.copyFromUtf8(protocol).toStringUtf8());
                }
                return new Identification(
                        ByteString.copyFromUtf8("tensorlink/1.0.0").toStringUtf8(),
                        ByteString.copyFromUtf8("tensorlink/0.1.0").toStringUtf8(),
                        protocols,
                        opened.content().addresses(),
                        Optional.empty(),
                        Optional.of(opened));
            } catch (SignatureException bug) {
                throw new IOException("our own record is not good", bug);
            }
        }

        int bytes() {
            int bytes = record.size();
            for (var protocol : PROTOCOLS) {
                bytes += protocol.length();
            }
            return bytes;
        }
    }

    private void store(List<Said> said, Figures figures) throws IOException {
        var defaults = PeerStore.Bounds.defaults();
        var bounds =
                new PeerStore.Bounds(
                        known,
                        defaults.addressesMax(),
                        defaults.hintLifetime(),
                        defaults.provenLifetime());
        var store = PeerStore.inMemory(bounds, scheduler::now);
        long before = heap();
        long cpu = ProcessorTime.nanos();
        long bytes = 0;
        for (var one : said) {
            store.identified(one.peer().id(), one.identification());
            bytes += one.bytes();
        }
        figures.add(NOTE, (ProcessorTime.nanos() - cpu) / 1e3 / known);
        double after = heap();
        if (store.peers().size() != known) {
            throw new IOException("the store kept " + store.peers().size() + " of " + known);
        }
        figures.add(STORE, (after - before) * 1000 / known);
        figures.add(SAID, bytes * 1000.0 / known);
    }

    private void table(
            List<Said> said, SplittableRandom random, Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var peers = said.stream().map(Said::peer).toList();
        var self = new PeerInfo(KeyPair.generate().peerId(), peers.getFirst().addresses());
        var network = new KnownNetwork(self, peers);
        var tables = new ArrayList<Dht>();
        try {
            progress.accept("known: " + TABLES + " tables, each filled by " + LOOKUPS + " lookups");
            long before = heap();
            int inTables = 0;
            for (int i = 0; i < TABLES; i++) {
                var dht = Dht.start(network, DhtConfig.defaults(KAD));
                tables.add(dht);
                dht.bootstrap(peers.subList(0, 1));
                lookUp(dht, random);
                inTables += dht.table().peers();
            }
            figures.add(TABLE_PEERS, (double) inTables / TABLES);
            figures.add(TABLE, (heap() - before) * 1000.0 / inTables);
            long cpu = ProcessorTime.nanos();
            double questions = lookUp(tables.getFirst(), random);
            figures.add(LOOKUP, (ProcessorTime.nanos() - cpu) / 1e3 / LOOKUPS);
            figures.add(QUESTIONS, questions / LOOKUPS);
        } catch (BootstrapException nobody) {
            throw new IOException("a peer that is sure to answer did not", nobody);
        } finally {
            tables.forEach(Dht::close);
            Reference.reachabilityFence(said); // or the heap shrinks while it is measured
        }
    }

    private static int lookUp(Dht dht, SplittableRandom random) throws InterruptedException {
        int asked = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            asked += dht.lookUp(Key.named("any " + random.nextLong())).asked();
        }
        return asked;
    }

    private static long heap() {
        System.gc();
        System.gc(); // what finalizers and cleaners let go of
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
