package tensorlink.p2p.core;

import java.util.List;
import java.util.function.Predicate;
import tensorlink.p2p.peer.PeerId;

/**
 * What an operator sees of a running {@link Host} and decides about it, beyond what an application
 * needs. Safe for use by any thread; nothing here waits for a peer.
 */
public interface HostControl {

    /** Lets {@code observer} know what happens from now on. */
    Subscription observe(HostObserver observer);

    /** What was moved so far, by protocol in alphabetical order. */
    List<Traffic> traffic();

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
