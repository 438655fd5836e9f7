package tensorlink.testnet.bench.discovery;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import tensorlink.dht.BootstrapException;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtConfig.Bounds;
import tensorlink.dht.DhtRecord;
import tensorlink.dht.SignedRecords;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** A host on loopback and its place in the hash table, without any of a node's roles. */
record KadNode(KeyPair key, Host host, Dht dht) implements AutoCloseable {
    private static final ProtocolId KAD = ProtocolId.of("/tensorlink/bench/kad/1.0.0");
    private static final SignedRecords RECORDS =
            new SignedRecords("/tensorlink/bench", "bench", Duration.ofDays(1));

    /** Starts and enters through {@code seeds}; with none of them it is the first one. */
    static KadNode start(HostConfig config, DhtConfig.Search search, List<PeerInfo> seeds)
            throws IOException, InterruptedException {
        var key = KeyPair.generate();
        var host = Libp2p.start(key, config);
        boolean complete = false;
        try {
            var dht =
                    Dht.start(
                            host,
                            DhtConfig.defaults(KAD)
                                    .withSearch(search)
                                    .withBounds(bounds())
                                    .withValidator(RECORDS.namespace(), RECORDS));
            dht.bootstrap(seeds);
            complete = true;
            return new KadNode(key, host, dht);
        } catch (BootstrapException nobody) {
            throw new IOException("the benchmark's own network does not answer", nobody);
        } finally {
            if (!complete) {
                host.close();
            }
        }
    }

    /** One node owns all records of the crowd, which no quota for owners would let it. */
    private static Bounds bounds() {
        var usual = Bounds.defaults();
        return new Bounds(
                usual.recordsMax(),
                usual.recordsMax(),
                usual.recordBytesMax(),
                usual.providersMax(),
                usual.providersPerKeyMax(),
                usual.keysPerProviderMax(),
                usual.streamsMax(),
                usual.streamsPerPeerMax());
    }

    /** A record of this node's, good until {@code end}. */
    DhtRecord record(String name, Instant end) {
        var content = new SignedRecords.Content(name, 1, end, ByteString.copyFrom(new byte[100]));
        return RECORDS.sign(key, content);
    }

    @Override
    public void close() {
        dht.close();
        host.close();
    }
}
