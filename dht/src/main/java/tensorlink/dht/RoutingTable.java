package tensorlink.dht;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The peers we can ask, many of them near us and a few in every other part of the key space.
 *
 * <p>One {@link KBucket} for each length of the prefix that a peer's place shares with ours. Only
 * peers that answered come in; the caller sees to it that they are servers of our protocol. Safe
 * for use by any thread.
 */
final class RoutingTable {
    private final Key self;
    private final int bucketSize;

    private final ReentrantLock lock = new ReentrantLock();

    /** By length of the common prefix; a bucket is there from its first member on. */
    private final TreeMap<Integer, KBucket> buckets = new TreeMap<>();

    RoutingTable(PeerId self, int bucketSize) {
        this.self = Key.of(self);
        this.bucketSize = bucketSize;
    }

    /**
     * Notes that {@code peer} answered at {@code now}.
     *
     * @return whom to check when the peer has to wait for a place: if that one is silent too, the
     *     caller reports it {@linkplain #failed failed} and the place is free
     */
    Optional<Contact> answered(PeerInfo peer, Instant now) {
        var contact = new Contact(peer, now);
        int prefix = self.commonPrefix(contact.key());
        if (prefix == Key.BITS) {
            throw new IllegalArgumentException(peer.id() + " is ourselves");
        }
        lock.lock();
        try {
            return buckets.computeIfAbsent(prefix, length -> new KBucket(bucketSize))
                    .answered(contact);
        } finally {
            lock.unlock();
        }
    }

    /** Notes that {@code peer} did not answer. */
    void failed(PeerId peer) {
        lock.lock();
        try {
            var bucket = buckets.get(self.commonPrefix(Key.of(peer)));
            if (bucket != null) {
                bucket.failed(peer);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forgets {@code peer}, which serves our protocol no longer. */
    void remove(PeerId peer) {
        lock.lock();
        try {
            var bucket = buckets.get(self.commonPrefix(Key.of(peer)));
            if (bucket != null) {
                bucket.remove(peer);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@code peer} is here and not lost. */
    boolean contains(PeerId peer) {
        lock.lock();
        try {
            var bucket = buckets.get(self.commonPrefix(Key.of(peer)));
            return bucket != null && bucket.contains(peer);
        } finally {
            lock.unlock();
        }
    }

    /** At most {@code count} peers that are not lost, the closest to {@code target} first. */
    List<PeerInfo> closest(Key target, int count) {
        int prefix = self.commonPrefix(target);
        var closest = new ArrayList<PeerInfo>();
        lock.lock();
        try {
            // Where we part from the target, others are who share more with it than we do; closer
            // to
            // us are those who share as much, farther from us those who share less and less.
            addClosest(closest, buckets.subMap(prefix, prefix + 1), target);
            if (closest.size() < count) {
                addClosest(closest, buckets.tailMap(prefix + 1), target);
            }
            for (int less = prefix - 1; less >= 0 && closest.size() < count; less--) {
                addClosest(closest, buckets.subMap(less, less + 1), target);
            }
        } finally {
            lock.unlock();
        }
        return closest.size() > count ? new ArrayList<>(closest.subList(0, count)) : closest;
    }

    private static void addClosest(
            List<PeerInfo> closest, SortedMap<Integer, KBucket> group, Key target) {
        var contacts = new ArrayList<Contact>();
        for (var bucket : group.values()) {
            contacts.addAll(bucket.members());
        }
        contacts.removeIf(Contact::lost);
        contacts.sort(Comparator.comparing(Contact::key, target.byDistance()));
        for (var contact : contacts) {
            closest.add(contact.info());
        }
    }

    /** Who has not answered since {@code limit}, lost or not asked. */
    List<PeerInfo> silentSince(Instant limit) {
        var silent = new ArrayList<PeerInfo>();
        for (var contact : contacts()) {
            if (contact.seen().isBefore(limit)) {
                silent.add(contact.info());
            }
        }
        return silent;
    }

    /** Who answered once and did not last time. */
    List<PeerInfo> lost() {
        var lost = new ArrayList<PeerInfo>();
        for (var contact : contacts()) {
            if (contact.lost()) {
                lost.add(contact.info());
            }
        }
        return lost;
    }

    /** Forgets the lost who have not answered since {@code limit}. */
    void forgetLost(Instant limit) {
        lock.lock();
        try {
            buckets.values().forEach(bucket -> bucket.forgetLost(limit));
        } finally {
            lock.unlock();
        }
    }

    /** Whether there is nobody but the lost. */
    boolean isEmpty() {
        for (var contact : contacts()) {
            if (!contact.lost()) {
                return false;
            }
        }
        return true;
    }

    TableStatus status() {
        SortedMap<Integer, Integer> sizes = new TreeMap<>();
        for (var contact : contacts()) {
            if (!contact.lost()) {
                sizes.merge(self.commonPrefix(contact.key()), 1, Integer::sum);
            }
        }
        return new TableStatus(sizes);
    }

    private List<Contact> contacts() {
        lock.lock();
        try {
            var contacts = new ArrayList<Contact>();
            for (var bucket : buckets.values()) {
                contacts.addAll(bucket.members());
            }
            return contacts;
        } finally {
            lock.unlock();
        }
    }
}
