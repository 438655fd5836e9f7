package tensorlink.testnet.bench.discovery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tensorlink.dht.KadNetwork;
import tensorlink.dht.KadRequest;
import tensorlink.dht.KadResponse;
import tensorlink.dht.Key;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** A network in which everybody knows everybody and answers at once, at next to no cost. */
final class KnownNetwork implements KadNetwork {
    private static final int CLOSER = 20;

    /** Around a place in the order of hashes, those closest by XOR are among so many each way. */
    private static final int WINDOW = 3 * CLOSER;

    private final PeerInfo self;
    private final Map<PeerId, PeerInfo> peers = new HashMap<>();
    private final long[] places;
    private final PeerInfo[] byPlace;

    KnownNetwork(PeerInfo self, List<PeerInfo> others) {
        this.self = self;
        var sorted = new TreeMap<Long, PeerInfo>();
        for (var other : others) {
            peers.put(other.id(), other);
            sorted.put(place(Key.of(other.id())), other);
        }
        places = sorted.keySet().stream().mapToLong(Long::longValue).toArray();
        byPlace = sorted.values().toArray(new PeerInfo[0]);
    }

    /** The first bits of what the key is hashed to, in an order that long integers have. */
    private static long place(Key key) {
        return Sha256.of(key.bytes()).asReadOnlyByteBuffer().getLong() ^ Long.MIN_VALUE;
    }

    @Override
    public PeerInfo self() {
        return self;
    }

    @Override
    public KadResponse ask(PeerInfo peer, KadRequest request) {
        return switch (request) {
            case KadRequest.FindNode(var key) -> KadResponse.closer(closest(key));
            case KadRequest.GetValue(var key) -> KadResponse.closer(closest(key));
            case KadRequest.GetProviders(var key) -> KadResponse.closer(closest(key));
            case KadRequest.PutValue(var held) ->
                    new KadResponse(Optional.of(held), List.of(), List.of());
            case KadRequest.AddProvider _, KadRequest.Ping _ -> KadResponse.closer(List.of());
        };
    }

    private List<PeerInfo> closest(Key key) {
        long target = place(key);
        int found = Arrays.binarySearch(places, target);
        int middle = found < 0 ? -found - 1 : found;
        int first = Math.max(0, middle - WINDOW);
        int end = Math.min(places.length, middle + WINDOW);
        var near = new ArrayList<Integer>();
        for (int i = first; i < end; i++) {
            near.add(i);
        }
        near.sort(Comparator.comparingLong(i -> (places[i] ^ target) ^ Long.MIN_VALUE));
        var closest = new ArrayList<PeerInfo>();
        for (int i : near.subList(0, Math.min(CLOSER, near.size()))) {
            closest.add(byPlace[i]);
        }
        return closest;
    }

    @Override
    public void tell(PeerInfo peer, KadRequest.AddProvider announcement) {}

    @Override
    public Optional<Introduction> introduction(PeerId peer) {
        return Optional.ofNullable(peers.get(peer))
                .map(info ->
                        new Introduction(info, Optional.of(info.addresses().getFirst()), true));
    }

    @Override
    public boolean isConnected(PeerId peer) {
        return false;
    }

    @Override
    public void remember(PeerInfo hints) {}

    @Override
    public void pin(PeerInfo configured) {}

    @Override
    public Subscription listen(Listener listener) {
        return () -> {};
    }

    @Override
    public void serve(Server server) {}

    @Override
    public void retire() {}

    @Override
    public void close() {}
}
