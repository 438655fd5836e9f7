package tensorlink.node;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Engine;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Amount;
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
        @Nullable Working working,
        @Nullable Validating validating) {

    NodeOptions {
        listen = List.copyOf(listen);
    }

    static NodeOptions of(Network network, Home home, List<Multiaddr> listen) {
        return new NodeOptions(network, home, listen, JobLimits.defaults(), null, null);
    }

    NodeOptions working(Working terms) {
        return new NodeOptions(network, home, listen, limits, terms, validating);
    }

    NodeOptions validating(Validating terms) {
        return new NodeOptions(network, home, listen, limits, working, terms);
    }

    NodeOptions limits(JobLimits others) {
        return new NodeOptions(network, home, listen, others, working, validating);
    }

    /** How it is there for others. */
    Presence presence() {
        return network.presence();
    }

    /**
     * A worker's part.
     *
     * @param engine what computes; null for one of the node's own
     * @param isolation whether an engine of the node's own computes in other processes
     * @param device what is to be computed on
     * @param hub where published weights are had from; null for from users
     */
    record Working(
            long memoryBytes,
            int threads,
            Amount unitPrice,
            @Nullable Engine engine,
            Isolation isolation,
            DeviceWish device,
            @Nullable URI hub) {}

    /**
     * A validator's part.
     *
     * @param keepsLedger whether it keeps the network's ledger, in its folder
     * @param newcomerCredit what each new account is issued once
     */
    record Validating(boolean keepsLedger, Amount newcomerCredit) {}
}
