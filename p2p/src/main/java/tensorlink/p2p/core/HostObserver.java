package tensorlink.p2p.core;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/**
 * Learns what a host does while it does it, for metrics and for what must not lag behind. Called on
 * the thread that does it, often an event loop: an observer must not block and must not throw.
 * Applications that only want to know who is there {@linkplain Host#subscribe subscribe} instead.
 */
public interface HostObserver {

    /** A connection is ready for streams. */
    default void connected(Connection connection) {}

    /** A connection is over. */
    default void disconnected(Connection connection, IOException reason) {}

    /** The protocols or addresses of this host changed. */
    default void changed() {}

    /**
     * A try to reach {@code peer} at one address has ended.
     *
     * @param failure why it led nowhere; empty when it did not
     */
    default void dialled(
            PeerId peer, Multiaddr address, Duration took, Optional<IOException> failure) {}

    /** Both sides agree what a stream carries. */
    default void streamOpened(Connection connection, ProtocolId protocol, Direction direction) {}

    /** A stream that was opened is over for both sides. */
    default void streamClosed(Connection connection, ProtocolId protocol, Direction direction) {}

    /**
     * Something was turned away.
     *
     * @param detail for people
     */
    default void refused(Refused what, Why why, String detail) {}

    /** What a host turns away. */
    enum Refused {
        CONNECTION,
        STREAM,
        MEMORY,
        DIAL
    }

    /** Why a host turns something away. */
    enum Why {
        /** There is as much as there may be. */
        LIMIT,
        /** Too much, or too often, from one place on the network. */
        ADDRESS,
        /** The {@link Gater} says so. */
        DENIED
    }
}
