package tensorlink.dht;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.peer.PeerId;

/** Counts the streams being served; a stream that claims a message holds memory for all of it. */
final class StreamPlaces {
    private final DhtConfig.Bounds bounds;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Integer> taken = new HashMap<>();
    private int total;

    StreamPlaces(DhtConfig.Bounds bounds) {
        this.bounds = bounds;
    }

    /**
     * Takes a place for a stream of {@code peer}, until it is closed.
     *
     * @throws IOException when the peer, or all of them together, have as many as they may
     */
    Place take(PeerId peer) throws IOException {
        lock.lock();
        try {
            int ofPeer = taken.getOrDefault(peer, 0);
            if (ofPeer >= bounds.streamsPerPeerMax()) {
                throw new IOException("one more stream of a peer that has " + ofPeer);
            }
            if (total >= bounds.streamsMax()) {
                throw new IOException("one more stream when " + total + " are served");
            }
            taken.put(peer, ofPeer + 1);
            total++;
        } finally {
            lock.unlock();
        }
        return () -> leave(peer);
    }

    private void leave(PeerId peer) {
        lock.lock();
        try {
            taken.computeIfPresent(peer, (it, count) -> count == 1 ? null : count - 1);
            total--;
        } finally {
            lock.unlock();
        }
    }

    /** The right to be served. */
    interface Place extends AutoCloseable {
        @Override
        void close();
    }
}
