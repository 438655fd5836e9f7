package tensorlink.node;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Engine;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Amount;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * Everything a {@link Node} is started with.
 *
 * @param working what it lends; null for no worker
 * @param validating what it validates with; null for no validator
 */
record NodeOptions(
        Network network,
        Home home,
        List<Multiaddr> listen,
        JobLimits limits,
        Scheduler scheduler,
        @Nullable Working working,
        @Nullable Validating validating) {

    NodeOptions {
        listen = List.copyOf(listen);
    }

    static NodeOptions of(Network network, Home home, List<Multiaddr> listen) {
        return new NodeOptions(
                network, home, listen, JobLimits.defaults(), Scheduler.system(), null, null);
    }

    NodeOptions working(Working terms) {
        return new NodeOptions(network, home, listen, limits, scheduler, terms, validating);
    }

    NodeOptions validating(Validating terms) {
        return new NodeOptions(network, home, listen, limits, scheduler, working, terms);
    }

    NodeOptions limits(JobLimits others) {
        return new NodeOptions(network, home, listen, others, scheduler, working, validating);
    }

    /** Whether it serves others at all. */
    boolean hasRole() {
        return working != null || validating != null;
    }

    /**
     * A worker's part.
     *
     * @param engine what computes; null for one of the node's own
     */
    record Working(long memoryBytes, int threads, Amount unitPrice, @Nullable Engine engine) {}

    /**
     * A validator's part.
     *
     * @param keepsLedger whether it keeps the network's ledger, in its folder
     * @param newcomerCredit what each new account is issued once
     */
    record Validating(boolean keepsLedger, Amount newcomerCredit) {}
}
