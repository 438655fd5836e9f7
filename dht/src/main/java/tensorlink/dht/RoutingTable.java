package tensorlink.dht;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The peers we can ask, many of them near us and a few in every other part of the key space.
 *
 * <p>One {@link KBucket} for each length of the prefix that a peer's place shares with ours. Only
 * peers that answered come in, and no more of one {@linkplain AddressGroup group of addresses} than
 * {@link Diversity} allows; the caller sees to it that they are servers of our protocol. Safe for
 * use by any thread.
 */
final class RoutingTable {
    private final Key self;
    private final int bucketSize;
    private final Diversity diversity;

    private final ReentrantLock lock = new ReentrantLock();

    /** By length of the common prefix; a bucket is there from its first member on. */
    private final @Nullable KBucket[] buckets = new KBucket[Key.BITS];

    /** No bucket is deeper than this; -1 when there is none. */
    private int deepest = -1;

    RoutingTable(PeerId self, int bucketSize, Diversity diversity) {
        this.self = Key.of(self);
        this.bucketSize = bucketSize;
        this.diversity = diversity;
    }

    /**
     * Notes that {@code contact} answered.
     *
     * @return whom to check when the peer has to wait for a place: if that one is silent too, the
     *     caller reports it {@linkplain #failed failed} and the place is free
     */
    Optional<Contact> answered(Contact contact) {
        int prefix = prefix(contact);
        lock.lock();
        try {
            return bucket(prefix).answered(contact);
        } finally {
            lock.unlock();
        }
    }

    /** Takes back {@code contact}, whom this node knew in an earlier life, where there is room. */
    void restore(Contact contact) {
        int prefix = prefix(contact);
        lock.lock();
        try {
            bucket(prefix).restore(contact);
        } finally {
            lock.unlock();
        }
    }

    private int prefix(Contact contact) {
        int prefix = self.commonPrefix(contact.key());
        if (prefix == Key.BITS) {
            throw new IllegalArgumentException(contact.id() + " is ourselves");
        }
        return prefix;
    }

    private KBucket bucket(int prefix) {
        var bucket = buckets[prefix];
        if (bucket == null) {
            bucket = new KBucket(bucketSize, contact -> isDiverse(contact, prefix));
            buckets[prefix] = bucket;
            deepest = Math.max(deepest, prefix);
        }
        return bucket;
    }

    /** The bucket where {@code peer} belongs, if there is one; null for ourselves too. */
    private @Nullable KBucket bucket(PeerId peer) {
        int prefix = self.commonPrefix(Key.of(peer));
        return prefix == Key.BITS ? null : buckets[prefix];
    }

    private boolean isDiverse(Contact contact, int prefix) {
        if (contact.group().isEmpty()) {
            return true;
        }
        int ofTable = 0;
        int ofBucket = 0;
        for (int i = 0; i <= deepest; i++) {
            var bucket = buckets[i];
            if (bucket != null) {
                int sharing = bucket.sharing(contact);
                ofTable += sharing;
                ofBucket += i == prefix ? sharing : 0;
            }
        }
        return ofTable < diversity.perTable() && ofBucket < diversity.perBucket();
    }

    /** Notes that {@code peer} is there; without effect on who is not here or lost. */
    void heardFrom(PeerId peer, Instant now) {
        lock.lock();
        try {
            var bucket = bucket(peer);
            if (bucket != null) {
                bucket.heardFrom(peer, now);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@code peer} is not here and would find a place. */
    boolean hasRoomFor(PeerId peer) {
        lock.lock();
        try {
            var bucket = bucket(peer);
            return bucket == null || bucket.hasRoomFor(peer);
        } finally {
            lock.unlock();
        }
    }

    /** Notes that {@code peer} did not answer. */
    void failed(PeerId peer) {
        lock.lock();
        try {
            var bucket = bucket(peer);
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
            var bucket = bucket(peer);
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
            var bucket = bucket(peer);
            return bucket != null && bucket.contains(peer);
        } finally {
            lock.unlock();
        }
    }

    /** At most {@code count} peers that are not lost, the closest to {@code target} first. */
    List<PeerInfo> closest(Key target, int count) {
        var closest = new ArrayList<Contact>();
        lock.lock();
        try {
            // Where the target parts from us, those who part from us too are with it, and closer
            // than all who go on with us; where it goes on with us, it is the other way round.
            for (int i = 0; i <= deepest && closest.size() < count; i++) {
                if (self.differs(target, i)) {
                    addClosest(closest, i, target);
                }
            }
            for (int i = deepest; i >= 0 && closest.size() < count; i--) {
                if (!self.differs(target, i)) {
                    addClosest(closest, i, target);
                }
            }
        } finally {
            lock.unlock();
        }
        var infos = new ArrayList<PeerInfo>();
        for (int i = 0; i < Math.min(count, closest.size()); i++) {
            infos.add(closest.get(i).info());
        }
        return infos;
    }

    /** Adds all of a bucket who are not lost, closest first. */
    private void addClosest(List<Contact> closest, int prefix, Key target) {
        var bucket = buckets[prefix];
        if (bucket != null) {
            int before = closest.size();
            bucket.addPresentTo(closest);
            closest.subList(before, closest.size())
                    .sort((left, right) -> target.compareDistances(left.key(), right.key()));
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
            for (int i = 0; i <= deepest; i++) {
                var bucket = buckets[i];
                if (bucket != null) {
                    bucket.forgetLost(limit);
                }
            }
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

    /** Everybody, the lost as well. */
    List<Contact> contacts() {
        lock.lock();
        try {
            var contacts = new ArrayList<Contact>();
            for (int i = 0; i <= deepest; i++) {
                var bucket = buckets[i];
                if (bucket != null) {
                    bucket.addTo(contacts);
                }
            }
            return contacts;
        } finally {
            lock.unlock();
        }
    }
}
