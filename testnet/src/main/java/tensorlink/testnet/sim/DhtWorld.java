package tensorlink.testnet.sim;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.dht.Key;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** The peers of one simulated hash table, the wires between them, and the dice. */
final class DhtWorld {
    /** How long a dial waits for somebody who is not there. */
    static final Duration DIAL_TIMEOUT = Duration.ofSeconds(5);

    /** What a lost segment costs before it is sent again. */
    static final Duration RETRANSMISSION = Duration.ofMillis(300);

    private final VirtualTime time = new VirtualTime();
    private final SplittableRandom random;
    private final SimulatedNetwork network;
    private final Trace trace = new Trace();
    private final Map<PeerId, DhtPeer> byId = new HashMap<>();

    /** Those that are up, in no special order: picking and removing one take constant time. */
    private final List<DhtPeer> living = new ArrayList<>();

    private long numbers;

    DhtWorld(long seed, double loss) {
        random = new SplittableRandom(seed);
        network = new SimulatedNetwork(random.split(), loss);
    }

    VirtualTime time() {
        return time;
    }

    /** Tells {@code progress} once in a virtual minute how far everything is. */
    void report(Consumer<String> progress) {
        time.at(
                Duration.ofMinutes(1),
                () -> {
                    progress.accept(
                            "%d virtual minutes, %d nodes, %d questions"
                                    .formatted(
                                            time.elapsed().toMinutes(),
                                            living.size(),
                                            trace.events()));
                    report(progress);
                });
    }

    SplittableRandom random() {
        return random;
    }

    SimulatedNetwork network() {
        return network;
    }

    Trace trace() {
        return trace;
    }

    /** A new peer somewhere, whose id nobody chose. */
    DhtPeer peer(SimulatedNetwork.Reach reach) {
        return peer(randomId(), randomAddress(), reach);
    }

    /** A new peer with this id at this address. */
    DhtPeer peer(PeerId id, Multiaddr address, SimulatedNetwork.Reach reach) {
        var peer = new DhtPeer(this, numbers++, new PeerInfo(id, List.of(address)), reach);
        byId.put(id, peer);
        add(peer);
        return peer;
    }

    void add(DhtPeer peer) {
        peer.rank(living.size());
        living.add(peer);
    }

    void remove(DhtPeer peer) {
        var last = living.removeLast();
        if (last != peer) {
            living.set(peer.rank(), last);
            last.rank(peer.rank());
        }
    }

    /** Forgets a peer that is gone for good. */
    void forget(DhtPeer peer) {
        byId.remove(peer.self().id());
    }

    List<DhtPeer> living() {
        return living;
    }

    @Nullable DhtPeer find(PeerId id) {
        return byId.get(id);
    }

    DhtPeer anyone() {
        return living.get(random.nextInt(living.size()));
    }

    /** The id of nobody's key: a hash that was not computed from anything. */
    PeerId randomId() {
        var digest = new byte[32];
        random.nextBytes(digest);
        return id(digest);
    }

    private static PeerId id(byte[] digest) {
        var multihash = ByteBuffer.allocate(34).put((byte) 0x12).put((byte) 0x20).put(digest);
        return new PeerId(ByteString.copyFrom(multihash.rewind()));
    }

    /** The id of somebody who tried until it shared {@code prefix} bits with {@code key}. */
    PeerId idNear(Key key, int prefix) {
        while (true) {
            var id = randomId();
            if (key.commonPrefix(Key.of(id)) >= prefix) {
                return id;
            }
        }
    }

    /** An address anywhere: no two peers share a /24 but by accident. */
    Multiaddr randomAddress() {
        int host = 1 + random.nextInt(254);
        return Multiaddr.parse(
                "/ip4/%d.%d.%d.%d/tcp/4001"
                        .formatted(
                                20 + random.nextInt(60),
                                random.nextInt(256),
                                random.nextInt(256),
                                host));
    }
}
