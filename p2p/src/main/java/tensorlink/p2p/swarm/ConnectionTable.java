package tensorlink.p2p.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.peer.PeerId;

/**
 * The open connections by peer. Several to one peer are kept, oldest first: when both sides dial at
 * the same time and each drops "the other one", none is left. Safe for use by any thread.
 */
final class ConnectionTable {
    private final Consumer<HostEvent> events;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, List<SwarmConnection>> byPeer = new LinkedHashMap<>();
    private boolean isClosed;

    /**
     * @param events is called in the order in which things happen and must not block
     */
    ConnectionTable(Consumer<HostEvent> events) {
        this.events = events;
    }

    /** Takes {@code connection} in; false when the host closes. */
    boolean add(SwarmConnection connection) {
        lock.lock();
        try {
            var peer = connection.remotePeer();
            var connections = byPeer.getOrDefault(peer, List.of());
            if (isClosed) {
                return false;
            }
            var grown = new ArrayList<>(connections);
            grown.add(connection);
            byPeer.put(peer, grown);
            if (grown.size() == 1) {
                events.accept(new HostEvent.Connected(peer));
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    void remove(SwarmConnection connection) {
        lock.lock();
        try {
            var peer = connection.remotePeer();
            var connections = byPeer.get(peer);
            if (connections != null && connections.remove(connection) && connections.isEmpty()) {
                byPeer.remove(peer);
                events.accept(new HostEvent.Disconnected(peer));
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The oldest connection to {@code peer} that still takes streams; a limited one only when there
     * is no other.
     */
    Optional<SwarmConnection> find(PeerId peer) {
        return findDirect(peer).or(() -> find(peer, _ -> true));
    }

    /** The oldest connection to {@code peer} that still takes streams and needs no relay. */
    Optional<SwarmConnection> findDirect(PeerId peer) {
        return find(peer, connection -> !connection.isRelayed());
    }

    private Optional<SwarmConnection> find(PeerId peer, Predicate<SwarmConnection> wanted) {
        for (var connection : all(peer)) {
            if (connection.isOpen() && wanted.test(connection)) {
                return Optional.of(connection);
            }
        }
        return Optional.empty();
    }

    List<SwarmConnection> all(PeerId peer) {
        lock.lock();
        try {
            return List.copyOf(byPeer.getOrDefault(peer, List.of()));
        } finally {
            lock.unlock();
        }
    }

    List<SwarmConnection> all() {
        lock.lock();
        try {
            var all = new ArrayList<SwarmConnection>();
            byPeer.values().forEach(all::addAll);
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Takes in nothing more. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
        } finally {
            lock.unlock();
        }
    }
}
