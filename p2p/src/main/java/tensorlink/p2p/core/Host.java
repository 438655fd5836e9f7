package tensorlink.p2p.core;

import java.io.IOException;
import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;

/**
 * A libp2p node: one identity, its listening addresses, its connections and its protocols.
 *
 * <p>Safe for use by any thread. The blocking methods belong on virtual threads.
 */
public interface Host extends AutoCloseable {

    PeerId id();

    /** The addresses actually bound, with real port numbers and without our peer id. */
    List<Multiaddr> addresses();

    /** Our id and addresses, as others need them to find us. */
    default PeerInfo info() {
        return new PeerInfo(id(), addresses());
    }

    /** What we know about other peers. */
    PeerStore peers();

    /** The open connections, at most a few per peer. */
    List<Connection> connections();

    /** Those of them that lead to {@code peer}. */
    default List<Connection> connections(PeerId peer) {
        return connections().stream().filter(it -> it.remotePeer().equals(peer)).toList();
    }

    /**
     * Serves {@code protocol} from now on and tells connected peers so on their next identify.
     *
     * @throws IllegalStateException when the protocol already has a handler
     */
    void handle(ProtocolId protocol, StreamHandler handler);

    /** Stops serving {@code protocol}; running streams go on. */
    void unhandle(ProtocolId protocol);

    /** The protocols that have a handler. */
    List<ProtocolId> protocols();

    /**
     * Returns an open connection to {@code peer}, a limited one only when there is no other,
     * dialling its addresses and those in the {@linkplain #peers() peer store} when there is none.
     *
     * @throws DialException when no address led to the peer, saying for each why
     */
    Connection connect(PeerInfo peer) throws DialException, InterruptedException;

    /**
     * Makes a new connection to {@code peer}, even when there is one. Connections are spread over
     * the event loops of both hosts, so something large moves faster in parts over several of them.
     *
     * @throws DialException when no address led to the peer, or there are too many connections
     */
    Connection dial(PeerInfo peer) throws DialException, InterruptedException;

    /**
     * Opens a stream for {@code protocol}, connecting first when needed; directly, when it may not
     * run on the limited connection there is.
     *
     * @throws DialException when the peer cannot be reached
     * @throws UnsupportedProtocolException when the peer does not serve {@code protocol}
     */
    default Stream open(PeerId peer, ProtocolId protocol) throws IOException, InterruptedException {
        return open(peer, List.of(protocol));
    }

    /** Opens a stream for the first of {@code protocols} that the peer serves. */
    Stream open(PeerId peer, List<ProtocolId> protocols) throws IOException, InterruptedException;

    /** Closes all connections to {@code peer}. */
    void disconnect(PeerId peer);

    /**
     * Calls {@code listener} for what happens from now on, in order, on a virtual thread of its
     * own. A listener that falls {@link Limits#eventsPendingMax} events behind is ended.
     */
    Subscription subscribe(HostListener listener);

    /** What an operator sees and decides. */
    HostControl control();

    /** Closes every connection and listening socket and waits for the handlers to end. */
    @Override
    void close();
}
