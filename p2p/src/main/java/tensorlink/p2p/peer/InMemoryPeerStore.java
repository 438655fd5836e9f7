package tensorlink.p2p.peer;

import java.io.IOException;
import java.nio.file.Path;
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
                var learned = new ArrayList<>(entry.addresses.reversed().keySet());
                for (var address : entry.signed()) {
                    if (learned.contains(address)) {
                        known.add(address);
                    }
                }
                known.addAll(learned);
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
    public void connected(PeerId peer) {
        lock.lock();
        try {
            entry(peer).connected = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void disconnected(PeerId peer) {
        lock.lock();
        try {
            var entry = entries.get(peer);
            if (entry != null) {
                entry.connected = false;
                var end = clock.instant().plus(bounds.provenLifetime());
                entry.addresses.replaceAll((_, _) -> end);
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

    @Override
    public void save(Path file) throws IOException {
        var kept = new LinkedHashMap<PeerId, Map<Multiaddr, Instant>>();
        lock.lock();
        try {
            var now = clock.instant();
            for (var entry : entries.entrySet()) {
                var known = entry.getValue();
                known.expire(now);
                var addresses = new LinkedHashMap<>(known.addresses);
                if (known.connected) {
                    addresses.replaceAll((_, _) -> now.plus(bounds.provenLifetime()));
                }
                if (!addresses.isEmpty()) {
                    kept.put(entry.getKey(), addresses);
                }
            }
        } finally {
            lock.unlock();
        }
        PeerFile.write(file, kept);
    }

    @Override
    public int load(Path file) throws IOException {
        var stored = PeerFile.read(file, bounds);
        lock.lock();
        try {
            var now = clock.instant();
            var latest = now.plus(bounds.provenLifetime());
            for (var peer : stored.entrySet()) {
                var entry = entry(peer.getKey());
                for (var address : peer.getValue().entrySet()) {
                    var end = address.getValue();
                    entry.addresses.putIfAbsent(
                            address.getKey(), end.isAfter(latest) ? latest : end);
                }
                entry.shrink(bounds);
                entry.expire(now);
            }
            return stored.size();
        } finally {
            lock.unlock();
        }
    }

    private Entry entry(PeerId peer) {
        var entry = entries.computeIfAbsent(peer, id -> new Entry());
        if (entries.size() > bounds.peersMax()) {
            forgetOne(peer);
        }
        return entry;
    }

    /** The one touched least recently, but for those connected, which are few. */
    private void forgetOne(PeerId newest) {
        for (var entry : entries.sequencedEntrySet()) {
            if (!entry.getValue().connected && !entry.getKey().equals(newest)) {
                entries.remove(entry.getKey());
                return;
            }
        }
        entries.pollFirstEntry();
    }

    private static final class Entry {
        /** Until when each address counts, last learned last. */
        private final LinkedHashMap<Multiaddr, Instant> addresses = new LinkedHashMap<>();

        private @Nullable Identification identification;

        private boolean connected;

        void add(List<Multiaddr> learned, Instant now, Bounds bounds) {
            var end = now.plus(bounds.hintLifetime());
            for (var address : new ArrayList<>(learned).reversed()) {
                var before = addresses.remove(address);
                addresses.put(address, before != null && before.isAfter(end) ? before : end);
            }
            shrink(bounds);
            expire(now);
        }

        /** What the peer signed is the last to make room. */
        void shrink(Bounds bounds) {
            var signed = signed();
            for (var address : List.copyOf(addresses.keySet())) {
                if (addresses.size() > bounds.addressesMax() && !signed.contains(address)) {
                    addresses.remove(address);
                }
            }
            while (addresses.size() > bounds.addressesMax()) {
                addresses.pollFirstEntry();
            }
        }

        List<Multiaddr> signed() {
            return identification == null
                    ? List.of()
                    : identification.record().map(it -> it.content().addresses()).orElse(List.of());
        }

        boolean isEmpty(Instant now) {
            expire(now);
            return addresses.isEmpty() && identification == null && !connected;
        }

        void expire(Instant now) {
            if (!connected) {
                addresses.values().removeIf(end -> !end.isAfter(now));
            }
        }
    }
}
