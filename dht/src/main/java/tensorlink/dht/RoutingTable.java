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

    boolean contains(PeerId peer) {
        lock.lock();
        try {
            var bucket = buckets.get(self.commonPrefix(Key.of(peer)));
            return bucket != null && bucket.contains(peer);
        } finally {
            lock.unlock();
        }
    }

    /** At most {@code count} peers, the closest to {@code target} first. */
    List<PeerInfo> closest(Key target, int count) {
        var contacts = contacts();
        contacts.sort(Comparator.comparing(Contact::key, target.byDistance()));
        var closest = new ArrayList<PeerInfo>();
        for (var contact : contacts.subList(0, Math.min(count, contacts.size()))) {
            closest.add(contact.info());
        }
        return closest;
    }

    /** Who has not answered since {@code limit}. */
    List<PeerInfo> silentSince(Instant limit) {
        var silent = new ArrayList<PeerInfo>();
        for (var contact : contacts()) {
            if (contact.seen().isBefore(limit)) {
                silent.add(contact.info());
            }
        }
        return silent;
    }

    boolean isEmpty() {
        return contacts().isEmpty();
    }

    TableStatus status() {
        lock.lock();
        try {
            SortedMap<Integer, Integer> sizes = new TreeMap<>();
            for (var bucket : buckets.entrySet()) {
                int size = bucket.getValue().members().size();
                if (size > 0) {
                    sizes.put(bucket.getKey(), size);
                }
            }
            return new TableStatus(sizes);
        } finally {
            lock.unlock();
        }
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
