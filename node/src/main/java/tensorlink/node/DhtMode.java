package tensorlink.node;

import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.dht.Dht;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostListener;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.peer.PeerId;

/**
 * Has a node's part in the hash table follow what becomes known of its place: each event may change
 * the {@link Serving.Place}, and the table is told what that means. Safe for use by any thread.
 */
final class DhtMode implements HostListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DhtMode.class);

    private final Serving serving;
    private final Host host;
    private final Dht dht;
    private final Subscription subscription;

    private final ReentrantLock lock = new ReentrantLock();
    private Serving.Place place;

    private DhtMode(Serving serving, Host host, Dht dht) {
        this.serving = serving;
        this.host = host;
        this.dht = dht;
        this.place = before(host);
        this.subscription = host.subscribe(this);
    }

    /** Follows {@code host} from now on; begins with what it knows already. */
    static DhtMode follow(Serving serving, Host host, Dht dht) {
        var mode = new DhtMode(serving, host, dht);
        mode.found(host.control().reachability());
        for (var connection : host.connections()) {
            mode.met(connection.remotePeer());
        }
        return mode;
    }

    /** What can be said of a host that has met nobody yet. */
    static Serving.Place before(Host host) {
        return new Serving.Place(
                !host.addresses().isEmpty(), host.control().reachability(), false, false);
    }

    @Override
    public void on(HostEvent event) {
        switch (event) {
            case HostEvent.ReachabilityChanged(var _, var reachability) -> found(reachability);
            case HostEvent.Connected(var peer) -> met(peer);
            case HostEvent.Identified _, HostEvent.Disconnected _ -> {}
        }
    }

    private void found(Reachability reachability) {
        lock.lock();
        try {
            if (place.reachability() != reachability) {
                move(
                        new Serving.Place(
                                place.listens(), reachability, place.meetsOutsiders(), false));
            }
        } finally {
            lock.unlock();
        }
    }

    private void met(PeerId peer) {
        for (var connection : host.connections()) {
            if (connection.remotePeer().equals(peer) && isFromOutside(connection)) {
                metOutsider(connection.direction() == Connection.Direction.INBOUND);
            }
        }
    }

    private static boolean isFromOutside(Connection connection) {
        var address = connection.remoteAddress();
        return !address.has(AddressProtocol.P2P_CIRCUIT)
                && address.range().filter(AddressRange.PUBLIC::equals).isPresent();
    }

    /** Has met somebody at a public address, who came by himself or did not. */
    void metOutsider(boolean came) {
        lock.lock();
        try {
            move(
                    new Serving.Place(
                            place.listens(),
                            place.reachability(),
                            true,
                            place.isVisited() || came));
        } finally {
            lock.unlock();
        }
    }

    private void move(Serving.Place changed) {
        place = changed;
        var mode = serving.at(changed);
        if (dht.mode() != mode) {
            log.info("{} in the hash table from now on: {}", mode, changed);
            dht.switchTo(mode);
        }
    }

    @Override
    public void close() {
        subscription.close();
    }
}
