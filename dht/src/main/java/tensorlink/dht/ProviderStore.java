package tensorlink.dht;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Who said to provide what. Takes only what the provider itself said.
 *
 * <p>Three limits, so that strangers cannot grow it: keys of one provider (its oldest gives way),
 * providers of one key (the one announced longest ago gives way), and providers in all (one of the
 * key farthest from us gives way, because others are closer to it and hold it as well). Safe for
 * use by any thread.
 */
final class ProviderStore {
    private final DhtConfig.Bounds bounds;

    private final ReentrantLock lock = new ReentrantLock();

    /** By key, closest to us first; then by provider, announced longest ago first. */
    private final TreeMap<Key, LinkedHashMap<PeerId, Provider>> providers;

    /** The keys of each provider, announced longest ago first. */
    private final Map<PeerId, LinkedHashMap<Key, Instant>> keys = new HashMap<>();

    private int size;

    ProviderStore(PeerId self, DhtConfig.Bounds bounds) {
        this.bounds = bounds;
        this.providers = new TreeMap<>(Key.of(self).byDistance());
    }

    /** Notes at {@code now} that {@code provider} provides {@code key} until {@code end}. */
    void add(Key key, PeerInfo provider, Instant now, Instant end) {
        lock.lock();
        try {
            remove(key, provider.id());
            if (size >= bounds.providersMax()) {
                removeExpired(now);
            }
            var ofKey = providers.computeIfAbsent(key, it -> new LinkedHashMap<>());
            var ofProvider = keys.computeIfAbsent(provider.id(), it -> new LinkedHashMap<>());
            ofKey.put(provider.id(), new Provider(provider, end));
            ofProvider.put(key, end);
            size++;
            if (ofProvider.size() > bounds.keysPerProviderMax()) {
                remove(ofProvider.firstEntry().getKey(), provider.id());
            }
            if (ofKey.size() > bounds.providersPerKeyMax()) {
                remove(key, ofKey.firstEntry().getKey());
            }
            if (size > bounds.providersMax()) {
                var farthest = providers.lastEntry();
                remove(farthest.getKey(), farthest.getValue().firstEntry().getKey());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forgets that {@code provider} provides {@code key}. */
    void remove(Key key, PeerId provider) {
        lock.lock();
        try {
            var ofKey = providers.get(key);
            var ofProvider = keys.get(provider);
            if (ofKey == null || ofProvider == null || ofKey.remove(provider) == null) {
                return;
            }
            ofProvider.remove(key);
            size--;
            if (ofKey.isEmpty()) {
                providers.remove(key);
            }
            if (ofProvider.isEmpty()) {
                keys.remove(provider);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Who provides {@code key} at {@code now}, announced last first. */
    List<PeerInfo> providers(Key key, Instant now) {
        lock.lock();
        try {
            var found = new ArrayList<PeerInfo>();
            var ofKey = providers.get(key);
            if (ofKey != null) {
                for (var provider : ofKey.sequencedValues().reversed()) {
                    if (provider.end().isAfter(now)) {
                        found.add(provider.info());
                    }
                }
            }
            return found;
        } finally {
            lock.unlock();
        }
    }

    /** How many pairs of key and provider are here, expired ones included. */
    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    private void removeExpired(Instant now) {
        for (var ofKey : List.copyOf(providers.entrySet())) {
            for (var provider : List.copyOf(ofKey.getValue().values())) {
                if (!provider.end().isAfter(now)) {
                    remove(ofKey.getKey(), provider.info().id());
                }
            }
        }
    }

    private record Provider(PeerInfo info, Instant end) {}
}
