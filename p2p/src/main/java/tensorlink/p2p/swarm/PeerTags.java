package tensorlink.p2p.swarm;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;

/**
 * Why the application wants to keep which peers. Only the application adds to it. Safe for use by
 * any thread.
 */
final class PeerTags {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Set<String>> protections = new HashMap<>();
    private final Map<PeerId, Map<String, Integer>> values = new HashMap<>();

    void protect(PeerId peer, String tag) {
        lock.lock();
        try {
            protections.computeIfAbsent(peer, _ -> new HashSet<>()).add(tag);
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@code peer} is still protected by another tag. */
    boolean unprotect(PeerId peer, String tag) {
        lock.lock();
        try {
            var tags = protections.getOrDefault(peer, Set.of());
            if (tags.contains(tag)) {
                tags.remove(tag);
            }
            if (tags.isEmpty()) {
                protections.remove(peer);
            }
            return !tags.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    boolean isProtected(PeerId peer) {
        lock.lock();
        try {
            return protections.containsKey(peer);
        } finally {
            lock.unlock();
        }
    }

    void tag(PeerId peer, String tag, int value) {
        lock.lock();
        try {
            values.computeIfAbsent(peer, _ -> new HashMap<>()).put(tag, value);
        } finally {
            lock.unlock();
        }
    }

    void untag(PeerId peer, String tag) {
        lock.lock();
        try {
            var tags = values.get(peer);
            if (tags != null && tags.remove(tag) != null && tags.isEmpty()) {
                values.remove(peer);
            }
        } finally {
            lock.unlock();
        }
    }

    int value(PeerId peer) {
        lock.lock();
        try {
            long sum = 0;
            for (int value : values.getOrDefault(peer, Map.of()).values()) {
                sum += value;
            }
            return Math.clamp(sum, Integer.MIN_VALUE, Integer.MAX_VALUE);
        } finally {
            lock.unlock();
        }
    }
}
