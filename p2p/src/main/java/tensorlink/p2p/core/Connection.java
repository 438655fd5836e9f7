package tensorlink.p2p.core;

import java.io.IOException;
import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** An authenticated, encrypted and multiplexed link to one peer. Safe for use by any thread. */
public interface Connection extends AutoCloseable {

    /** Who is at the other end, proven by the security handshake. */
    PeerId remotePeer();

    /** Where the other end is, without its peer id. */
    Multiaddr remoteAddress();

    /** Who dialled. */
    Direction direction();

    /** What it runs over. */
    Link link();

    /**
     * Whether it runs through a relay that ends it after so much time or so many bytes. It carries
     * only the protocols that are {@linkplain HostControl#allowOnLimited allowed} to run on such.
     */
    default boolean isLimited() {
        return link().isLimited();
    }

    /** How many streams it carries whose protocol is agreed, in both directions. */
    int streams();

    /** Whether streams can still be opened. */
    boolean isOpen();

    /**
     * Opens a stream for {@code protocol} over this very link.
     *
     * @throws LimitedConnectionException when this link may not carry it
     * @throws UnsupportedProtocolException when the peer does not serve {@code protocol}
     */
    default Stream open(ProtocolId protocol) throws IOException, InterruptedException {
        return open(List.of(protocol));
    }

    /** Opens a stream for the first of {@code protocols} that the peer serves. */
    Stream open(List<ProtocolId> protocols) throws IOException, InterruptedException;

    /** Closes the link and resets its streams; idempotent. */
    @Override
    void close();

    /** Which side started a connection or a stream. */
    enum Direction {
        INBOUND,
        OUTBOUND
    }
}
