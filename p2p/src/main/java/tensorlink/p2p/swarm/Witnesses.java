package tensorlink.p2p.swarm;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/**
 * All observers of a host as one; what one of them throws does not reach the others or the host.
 */
final class Witnesses implements HostObserver {
    private static final Logger log = LoggerFactory.getLogger(Witnesses.class);

    private final List<HostObserver> observers = new CopyOnWriteArrayList<>();

    Subscription add(HostObserver observer) {
        observers.add(observer);
        return () -> observers.remove(observer);
    }

    @Override
    public void connected(Connection connection) {
        tell(observer -> observer.connected(connection));
    }

    @Override
    public void disconnected(Connection connection, IOException reason) {
        tell(observer -> observer.disconnected(connection, reason));
    }

    @Override
    public void changed() {
        tell(HostObserver::changed);
    }

    @Override
    public void dialled(
            PeerId peer, Multiaddr address, Duration took, Optional<IOException> failure) {
        tell(observer -> observer.dialled(peer, address, took, failure));
    }

    @Override
    public void streamOpened(Connection connection, ProtocolId protocol, Direction direction) {
        tell(observer -> observer.streamOpened(connection, protocol, direction));
    }

    @Override
    public void streamClosed(Connection connection, ProtocolId protocol, Direction direction) {
        tell(observer -> observer.streamClosed(connection, protocol, direction));
    }

    @Override
    public void refused(Refused what, Why why, String detail) {
        tell(observer -> observer.refused(what, why, detail));
    }

    private void tell(Consumer<HostObserver> news) {
        for (var observer : observers) {
            try {
                news.accept(observer);
            } catch (RuntimeException bug) {
                log.error("an observer failed", bug);
            }
        }
    }
}
