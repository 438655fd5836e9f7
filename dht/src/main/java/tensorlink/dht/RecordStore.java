package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;

/**
 * The records this node holds for others. Takes only what a {@link RecordValidator} has found good.
 *
 * <p>When it is full the record farthest from us gives way, because it is the one that others are
 * closer to and hold as well; a flood of records far from us displaces nothing. One owner has a
 * small part of the room, in which the same holds: whoever makes up keys close to us displaces its
 * own records. Safe for use by any thread.
 */
final class RecordStore {
    private final DhtConfig.Bounds bounds;

    private final ReentrantLock lock = new ReentrantLock();

    /** Closest to us first. */
    private final TreeMap<Key, Entry> entries;

    /** The keys of each owner, closest to us first. */
    private final Map<PeerId, TreeSet<Key>> owned = new HashMap<>();

    RecordStore(PeerId self, DhtConfig.Bounds bounds) {
        this.bounds = bounds;
        this.entries = new TreeMap<>(Key.of(self).byDistance());
    }

    /**
     * Keeps {@code offered} until {@code end}, unless a better one is here or others are closer.
     *
     * @param now when older ones count as over
     * @param validator has found it good
     * @return whether {@code offered}, or one equal to it, is here now
     */
    boolean put(HeldRecord offered, Instant now, Instant end, RecordValidator validator) {
        var key = Key.of(offered.record().key());
        lock.lock();
        try {
            var held = entries.get(key);
            if (held != null && !held.isOver(now)) {
                int order = validator.compare(offered.record(), held.held().record());
                if (order < 0) {
                    return false;
                }
                if (order == 0) {
                    entries.put(key, new Entry(held.held(), end, held.owner()));
                    return true;
                }
            }
            remove(key);
            add(key, new Entry(offered, end, validator.owner(offered.record())), now);
            return entries.containsKey(key);
        } finally {
            lock.unlock();
        }
    }

    private void add(Key key, Entry entry, Instant now) {
        entries.put(key, entry);
        if (entry.owner().isPresent()) {
            var keys =
                    owned.computeIfAbsent(
                            entry.owner().get(), _ -> new TreeSet<>(entries.comparator()));
            keys.add(key);
            if (keys.size() > bounds.recordsPerOwnerMax()) {
                removeOver(now);
            }
            if (keys.size() > bounds.recordsPerOwnerMax()) {
                remove(keys.last());
            }
        }
        if (entries.size() > bounds.recordsMax()) {
            removeOver(now);
        }
        if (entries.size() > bounds.recordsMax()) {
            remove(entries.lastKey());
        }
    }

    private void removeOver(Instant now) {
        entries.entrySet()
                .removeIf(it -> {
                    boolean isOver = it.getValue().isOver(now);
                    if (isOver) {
                        disown(it.getKey(), it.getValue());
                    }
                    return isOver;
                });
    }

    private void remove(Key key) {
        var entry = entries.remove(key);
        if (entry != null) {
            disown(key, entry);
        }
    }

    private void disown(Key key, Entry entry) {
        if (entry.owner().isPresent()) {
            var keys = owned.get(entry.owner().get());
            if (keys != null && keys.remove(key) && keys.isEmpty()) {
                owned.remove(entry.owner().get());
            }
        }
    }

    /** The record under {@code key} that is still good at {@code now}. */
    Optional<HeldRecord> get(ByteString key, Instant now) {
        lock.lock();
        try {
            var place = Key.of(key);
            var entry = entries.get(place);
            if (entry == null) {
                return Optional.empty();
            }
            if (entry.isOver(now)) {
                remove(place);
                return Optional.empty();
            }
            return Optional.of(entry.held());
        } finally {
            lock.unlock();
        }
    }

    /** Everything that is good at {@code now}, closest to us first. */
    List<Entry> entries(Instant now) {
        lock.lock();
        try {
            var good = new ArrayList<>(entries.values());
            good.removeIf(entry -> entry.isOver(now));
            return good;
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return entries.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * A record and until when it is good.
     *
     * @param end at most the end that the record has itself
     * @param owner who made it, if it matters
     */
    record Entry(HeldRecord held, Instant end, Optional<PeerId> owner) {
        boolean isOver(Instant now) {
            return !end.isAfter(now);
        }
    }
}
