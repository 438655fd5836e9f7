package tensorlink.p2p.peer;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.multiaddr.Multiaddr;

/** One map of entries, least recently touched first, and one of what the operator pinned. */
final class InMemoryPeerStore implements PeerStore {
    private final Bounds bounds;
    private final InstantSource clock;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Set<Multiaddr>> pinned = new LinkedHashMap<>();
    private final LinkedHashMap<PeerId, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    InMemoryPeerStore(Bounds bounds, InstantSource clock) {
        this.bounds = bounds;
        this.clock = clock;
    }

    @Override
    public List<Multiaddr> addresses(PeerId peer) {
        lock.lock();
        try {
            var known = new LinkedHashSet<>(pinned.getOrDefault(peer, Set.of()));
            var entry = entries.get(peer);
            if (entry != null) {
                entry.expire(clock.instant());
                known.addAll(entry.addresses.reversed().keySet());
            }
            return List.copyOf(known);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void add(PeerInfo hints) {
        lock.lock();
        try {
            if (!hints.addresses().isEmpty()) {
                entry(hints.id()).add(hints.addresses(), clock.instant(), bounds);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void pin(PeerInfo configured) {
        lock.lock();
        try {
            pinned.computeIfAbsent(configured.id(), id -> new LinkedHashSet<>())
                    .addAll(configured.addresses());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Identification> identification(PeerId peer) {
        lock.lock();
        try {
            var entry = entries.get(peer);
            return Optional.ofNullable(entry == null ? null : entry.identification);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void identified(PeerId peer, Identification identification) {
        lock.lock();
        try {
            var entry = entry(peer);
            entry.identification = identification;
            entry.add(identification.addresses(), clock.instant(), bounds);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<PeerId> peers() {
        lock.lock();
        try {
            var now = clock.instant();
            entries.values().removeIf(entry -> entry.isEmpty(now));
            var known = new LinkedHashSet<>(pinned.keySet());
            known.addAll(entries.keySet());
            return List.copyOf(known);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void remove(PeerId peer) {
        lock.lock();
        try {
            pinned.remove(peer);
            entries.remove(peer);
        } finally {
            lock.unlock();
        }
    }

    private Entry entry(PeerId peer) {
        var entry = entries.computeIfAbsent(peer, id -> new Entry());
        if (entries.size() > bounds.peersMax()) {
            entries.pollFirstEntry();
        }
        return entry;
    }

    private static final class Entry {
        /** Until when each address counts, last learned last. */
        private final LinkedHashMap<Multiaddr, Instant> addresses = new LinkedHashMap<>();

        private @Nullable Identification identification;

        void add(List<Multiaddr> learned, Instant now, Bounds bounds) {
            for (var address : new ArrayList<>(learned).reversed()) {
                addresses.remove(address);
                addresses.put(address, now.plus(bounds.addressLifetime()));
            }
            while (addresses.size() > bounds.addressesMax()) {
                addresses.pollFirstEntry();
            }
            expire(now);
        }

        boolean isEmpty(Instant now) {
            expire(now);
            return addresses.isEmpty() && identification == null;
        }

        void expire(Instant now) {
            addresses.values().removeIf(end -> !end.isAfter(now));
        }
    }
}
