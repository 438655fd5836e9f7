package tensorlink.dht;

import java.io.IOException;
import java.util.Optional;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * What a {@link Dht} needs of the world: whom it can ask, who asks it, and what peers say about
 * themselves. In life these are the streams of a {@link tensorlink.p2p.core.Host}; a simulated
 * network runs ten thousand nodes on one thread instead, with all of the code above unchanged.
 *
 * <p>Safe for use by any thread.
 */
public interface KadNetwork {

    /** Our id, and where others find us now. */
    PeerInfo self();

    /**
     * Asks {@code peer} and waits for its answer, for at most {@link DhtConfig.Timeouts#request}.
     *
     * @throws IOException when it cannot be reached, breaks a rule or is too slow
     */
    KadResponse ask(PeerInfo peer, KadRequest request) throws IOException, InterruptedException;

    /** Tells {@code peer} something to which there is no answer, and waits until it took note. */
    void tell(PeerInfo peer, KadRequest.AddProvider announcement)
            throws IOException, InterruptedException;

    /** What {@code peer} told about itself; empty when it never did, or long ago. */
    Optional<Introduction> introduction(PeerId peer);

    /** Whether there is an open connection to {@code peer}. */
    boolean isConnected(PeerId peer);

    /** Keeps what somebody said about where a peer is. */
    void remember(PeerInfo hints);

    /** Keeps what the operator said about where a peer is. */
    void pin(PeerInfo configured);

    /** Calls {@code listener} whenever a peer introduces itself, and once for those that have. */
    Subscription listen(Listener listener);

    /** Lets others ask {@code server}, and tells them so. */
    void serve(Server server);

    /** Lets others ask nothing any more, and tells them so. */
    void retire();

    /** Ends what is kept open between questions. */
    void close();

    /**
     * What a peer told about itself.
     *
     * @param info where it can be reached, proven addresses first
     * @param seenAt the other end of our connection to it, which it cannot choose freely; empty
     *     when there is none
     * @param serves whether it serves our protocol
     */
    record Introduction(PeerInfo info, Optional<Multiaddr> seenAt, boolean serves) {}

    /** Hears who has introduced itself. */
    interface Listener {
        void introduced(PeerId peer);
    }

    /** Answers what others ask. */
    interface Server {
        /**
         * Answers {@code request}.
         *
         * @return empty when there is nothing to say to it
         * @throws tensorlink.p2p.core.ProtocolViolation when the request breaks a rule
         * @throws IOException when it is refused without blame
         */
        Optional<KadResponse> answer(KadRequest request, PeerId asker) throws IOException;
    }
}
