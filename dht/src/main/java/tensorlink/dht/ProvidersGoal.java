package tensorlink.dht;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** Collects who provides something, until there are enough. */
final class ProvidersGoal implements LookupRun.Goal {
    /** Several peers tell where a provider is; some of them lie. */
    private static final int ADDRESSES_MAX = 32;

    private final PeerId self;
    private final int enough;
    private final Map<PeerId, Set<Multiaddr>> found = new LinkedHashMap<>();

    ProvidersGoal(PeerId self, int enough) {
        this.self = self;
        this.enough = enough;
    }

    @Override
    public void answered(PeerInfo peer, KadResponse answer) {
        add(answer.providers());
    }

    void add(List<PeerInfo> providers) {
        for (var provider : providers) {
            boolean known = found.containsKey(provider.id());
            if (provider.id().equals(self) || (!known && isReached())) {
                continue;
            }
            var addresses = found.computeIfAbsent(provider.id(), id -> new LinkedHashSet<>());
            for (var address : provider.addresses()) {
                if (addresses.size() < ADDRESSES_MAX) {
                    addresses.add(address);
                }
            }
        }
    }

    /**
     * At most {@code count} of what was found in different parts: the first of each, then the
     * second of each, and so on; with the addresses that any of them told.
     */
    static List<PeerInfo> inTurns(PeerId self, List<List<PeerInfo>> parts, int count) {
        var merged = new ProvidersGoal(self, count);
        int turns = 0;
        for (var part : parts) {
            turns = Math.max(turns, part.size());
        }
        for (int turn = 0; turn < turns; turn++) {
            for (var part : parts) {
                if (turn < part.size()) {
                    merged.add(List.of(part.get(turn)));
                }
            }
        }
        return merged.providers();
    }

    @Override
    public boolean isReached() {
        return found.size() >= enough;
    }

    /** At most as many as were asked for, never ourselves. */
    List<PeerInfo> providers() {
        var providers = new ArrayList<PeerInfo>();
        found.forEach((id, addresses) -> providers.add(new PeerInfo(id, List.copyOf(addresses))));
        return providers;
    }
}
