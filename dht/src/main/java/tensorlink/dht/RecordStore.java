package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;

/**
 * The records this node holds for others. Takes only what a {@link RecordValidator} has found good.
 *
 * <p>When it is full the record farthest from us gives way, because it is the one that others are
 * closer to and hold as well; a flood of records far from us displaces nothing. Safe for use by any
 * thread.
 */
final class RecordStore {
    private final int recordsMax;

    private final ReentrantLock lock = new ReentrantLock();

    /** Closest to us first. */
    private final TreeMap<Key, Entry> entries;

    RecordStore(PeerId self, int recordsMax) {
        this.recordsMax = recordsMax;
        this.entries = new TreeMap<>(Key.of(self).byDistance());
    }

    /**
     * Keeps {@code offered} until {@code end}, unless a better one is here or others are closer.
     *
     * @param now when older ones count as over
     * @param better compares valid records, the better one greater
     * @return whether {@code offered}, or one equal to it, is here now
     */
    boolean put(HeldRecord offered, Instant now, Instant end, Comparator<DhtRecord> better) {
        var key = Key.of(offered.record().key());
        lock.lock();
        try {
            var held = entries.get(key);
            if (held != null && !held.isOver(now)) {
                int order = better.compare(offered.record(), held.held().record());
                if (order < 0) {
                    return false;
                }
                if (order == 0) {
                    entries.put(key, new Entry(held.held(), end));
                    return true;
                }
            }
            entries.put(key, new Entry(offered, end));
            if (entries.size() > recordsMax) {
                entries.values().removeIf(entry -> entry.isOver(now));
            }
            if (entries.size() > recordsMax) {
                entries.pollLastEntry();
            }
            return entries.containsKey(key);
        } finally {
            lock.unlock();
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
                entries.remove(place);
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
     */
    record Entry(HeldRecord held, Instant end) {
        boolean isOver(Instant now) {
            return !end.isAfter(now);
        }
    }
}
