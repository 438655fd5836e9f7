package tensorlink.p2p.core;

import java.util.List;
import java.util.function.Predicate;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/**
 * What an operator sees of a running {@link Host} and decides about it, beyond what an application
 * needs. Safe for use by any thread; nothing here waits for a peer.
 */
public interface HostControl {

    /** With whom this host may be connected. */
    Gater gater();

    /**
     * Lets {@code protocol} run on {@linkplain Connection#isLimited limited} connections, both
     * ways. Meant for what is short: a relay ends the connection when it has carried enough.
     */
    void allowOnLimited(ProtocolId protocol);

    /** Whether others can dial this host, as far as it asked them. */
    Reachability reachability();

    /** Where peers in several networks agree that they see this host; announced to others. */
    List<Multiaddr> observedAddresses();

    /**
     * Keeps the connections with {@code peer} when others are closed for being too many, until
     * every tag is taken back.
     */
    void protect(PeerId peer, String tag);

    /** Takes {@code tag} back; true when {@code peer} is still protected by another. */
    boolean unprotect(PeerId peer, String tag);

    boolean isProtected(PeerId peer);

    /** Says what connections with {@code peer} are worth; the tags of a peer add up. */
    void tag(PeerId peer, String tag, int value);

    void untag(PeerId peer, String tag);

    /** Lets {@code observer} know what happens from now on. */
    Subscription observe(HostObserver observer);

    /** What was moved so far, by protocol in alphabetical order. */
    List<Traffic> traffic();

    /** What was moved so far in all, with everything that comes on top of the payload. */
    WireTraffic wire();

    /**
     * What is held in each scope: {@code system}, {@code transient}, then those of protocols and
     * peers.
     */
    List<ResourceUse> resources();

    /**
     * Writes down what happens on connections that begin from now on, when their peer is one of
     * {@code whom}: JSON lines in the shape of qlog, with the time since the connection began, the
     * name of the event and its data; of payload only its length. Dials are traced from the start,
     * inbound connections once it is known who they are, with what came before.
     *
     * <p>{@code sink} is written by one thread of its own. When it is slower than what happens,
     * lines are left out and counted; after {@link Limits.Tracing#linesMax} lines, or when it
     * fails, the trace ends. Closing the subscription waits a moment for what is pending.
     */
    Subscription trace(Predicate<PeerId> whom, Appendable sink);
}
