package tensorlink.node;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.message.Protocols;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;

/**
 * Keeps the connections over which a job runs when others are closed for being too many: a peer is
 * protected as long as a stream of a job's is open with it. Safe for use by any thread.
 */
final class BusyPeers implements HostObserver {
    private static final String TAG = "job";

    private final Host host;
    private final Protocols protocols;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Integer> streams = new HashMap<>();

    private BusyPeers(Host host, Protocols protocols) {
        this.host = host;
        this.protocols = protocols;
    }

    /** Watches {@code host} until the subscription is closed. */
    static Subscription watch(Host host, Protocols protocols) {
        return host.control().observe(new BusyPeers(host, protocols));
    }

    @Override
    public void streamOpened(Connection connection, ProtocolId protocol, Direction direction) {
        if (isOfJob(protocol)) {
            count(connection.remotePeer(), 1);
        }
    }

    @Override
    public void streamClosed(Connection connection, ProtocolId protocol, Direction direction) {
        if (isOfJob(protocol)) {
            count(connection.remotePeer(), -1);
        }
    }

    /** All that is the network's own but the way to find each other. */
    private boolean isOfJob(ProtocolId protocol) {
        return !protocol.equals(protocols.kad())
                && protocol.name().startsWith("/tensorlink/" + protocols.network() + "/");
    }

    private void count(PeerId peer, int more) {
        lock.lock();
        try {
            int open = streams.merge(peer, more, Integer::sum);
            if (open > 0) {
                host.control().protect(peer, TAG);
            } else {
                streams.remove(peer);
                host.control().unprotect(peer, TAG);
            }
        } finally {
            lock.unlock();
        }
    }
}
