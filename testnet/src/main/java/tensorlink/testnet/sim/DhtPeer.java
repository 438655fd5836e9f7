package tensorlink.testnet.sim;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtStore;
import tensorlink.dht.KadNetwork;
import tensorlink.dht.KadRequest;
import tensorlink.dht.KadResponse;
import tensorlink.dht.Key;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.testnet.sim.SimulatedNetwork.Reach;

/**
 * One peer of a {@link DhtWorld}: an honest one that runs a {@link Dht}, or an attacker that only
 * has a {@link KadNetwork.Server}. Questions travel as objects; what streams and codecs do with
 * them is tested elsewhere.
 */
final class DhtPeer implements KadNetwork {
    /** Connections that a peer keeps open, the least recently used closed first. */
    private static final int CONNECTIONS_MAX = 160;

    private final DhtWorld world;
    private final long number;
    private final PeerInfo info;
    private final Key key;
    private final Reach reach;
    private final int region;
    private final MemoryStore store = new MemoryStore();

    /** Whom we have a connection to, least recently used first. */
    private final LinkedHashMap<PeerId, DhtPeer> connections = new LinkedHashMap<>();

    private int rank;
    private boolean up = true;
    private boolean isProtected;
    private long joinedNanos;
    private @Nullable Server server;
    private @Nullable Listener listener;
    private @Nullable Dht dht;

    DhtPeer(DhtWorld world, long number, PeerInfo info, Reach reach) {
        this.world = world;
        this.number = number;
        this.info = info;
        this.key = Key.of(info.id());
        this.reach = reach;
        this.region = world.network().region();
    }

    /** Where it stands in the list of the living. */
    int rank() {
        return rank;
    }

    void rank(int place) {
        rank = place;
    }

    /** Runs an honest node here, which takes up what an earlier one saved. */
    Dht start(DhtConfig config) {
        joinedNanos = world.time().nanoTime();
        dht = Dht.start(this, config.withStore(store));
        return dht;
    }

    /** The honest node that runs here. */
    Dht dht() {
        if (dht == null) {
            throw new IllegalStateException("an attacker");
        }
        return dht;
    }

    boolean isHonest() {
        return dht != null;
    }

    /** Lets churn pass it by. */
    void protect() {
        isProtected = true;
    }

    boolean isProtected() {
        return isProtected;
    }

    /** Its place in the key space. */
    Key key() {
        return key;
    }

    boolean isUp() {
        return up;
    }

    boolean isPublic() {
        return reach == Reach.PUBLIC;
    }

    /** When it came, in nanoseconds since the beginning. */
    long joinedNanos() {
        return joinedNanos;
    }

    /** Vanishes without a word to anybody. */
    void vanish() {
        up = false;
        world.remove(this);
        connections.clear();
        listener = null;
        if (dht != null) {
            world.time().fork("stop", dht::close);
        }
    }

    /** Is there again, with what it saved. */
    void reappear() {
        up = true;
        world.add(this);
    }

    @Override
    public PeerInfo self() {
        return info;
    }

    @Override
    public KadResponse ask(PeerInfo peer, KadRequest request)
            throws IOException, InterruptedException {
        var answer = exchange(peer, request);
        if (answer.isEmpty()) {
            throw new StreamTimeoutException("no answer");
        }
        return answer.get();
    }

    @Override
    public void tell(PeerInfo peer, KadRequest.AddProvider announcement)
            throws IOException, InterruptedException {
        exchange(peer, announcement);
    }

    private Optional<KadResponse> exchange(PeerInfo peer, KadRequest request)
            throws IOException, InterruptedException {
        var other = world.find(peer.id());
        world.trace().note(world.time().nanoTime(), number, other == null ? -1 : other.number);
        boolean connected = isConnected(peer.id());
        if (!up || other == null || !other.up || !(connected || other.isPublic())) {
            world.time().sleep(DhtWorld.DIAL_TIMEOUT);
            throw new SocketTimeoutException("nobody there");
        }
        // TCP's handshake and that of Noise take two round trips before the first question.
        travel(other, connected ? 1 : 5);
        if (!up || !other.up) {
            world.time().sleep(DhtWorld.DIAL_TIMEOUT);
            throw new SocketTimeoutException("gone");
        }
        if (!connected) {
            connect(other);
            other.connect(this);
        }
        var asked = other.server;
        if (asked == null) {
            travel(other, 1);
            throw new UnsupportedProtocolException("only asks");
        }
        var answer = asked.answer(request, info.id());
        travel(other, 1);
        return answer;
    }

    private void travel(DhtPeer other, int messages) throws InterruptedException {
        var total = world.network().latency(region, other.region).multipliedBy(messages);
        while (world.network().loses()) {
            total = total.plus(DhtWorld.RETRANSMISSION);
        }
        world.time().sleep(total);
    }

    private void connect(DhtPeer other) {
        connections.putLast(other.info.id(), other);
        if (connections.size() > CONNECTIONS_MAX) {
            var oldest = connections.pollFirstEntry().getValue();
            oldest.connections.remove(info.id());
        }
        var hears = listener;
        if (hears != null) {
            hears.introduced(other.info.id());
        }
    }

    @Override
    public boolean isConnected(PeerId peer) {
        var other = connections.get(peer);
        return other != null && other.up;
    }

    @Override
    public Optional<Introduction> introduction(PeerId peer) {
        var other = connections.get(peer);
        return other == null
                ? Optional.empty()
                : Optional.of(
                        new Introduction(
                                other.info, Optional.of(other.at()), other.server != null));
    }

    private Multiaddr at() {
        return info.addresses().getFirst();
    }

    @Override
    public void remember(PeerInfo hints) {}

    @Override
    public void pin(PeerInfo configured) {}

    @Override
    public Subscription listen(Listener hears) {
        listener = hears;
        return () -> listener = null;
    }

    @Override
    public void serve(Server answers) {
        server = answers;
    }

    @Override
    public void retire() {
        server = null;
    }

    @Override
    public void close() {}

    /** What this peer finds again after a restart. */
    private static final class MemoryStore implements DhtStore {
        private final Map<String, ByteString> saved = new HashMap<>();

        @Override
        public Optional<ByteString> load(String name, int bytesMax) {
            return Optional.ofNullable(saved.get(name));
        }

        @Override
        public void save(String name, ByteString content) {
            saved.put(name, content);
        }
    }
}
