package tensorlink.node;

import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.JobRequest;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;

/**
 * What the operator of a node does on the Smartnodes contracts of its network, in the node's name.
 * What validators do in rounds is in {@link Rounds}.
 */
public final class SmartnodesDesk {
    private static final int NETWORK_CHARACTERS_MAX = 64;

    private final SmartnodesLedger ledger;
    private final Bytes32 node;
    private final String network;

    /**
     * @param node the hash that this node is registered with
     */
    SmartnodesDesk(SmartnodesLedger ledger, Bytes32 node, String network) {
        this.ledger = ledger;
        this.node = node;
        this.network = network;
    }

    /** All that the contracts can be asked for. */
    public SmartnodesLedger ledger() {
        return ledger;
    }

    /**
     * Registers this node as its account's and takes a seat among those who vote. <b>The collateral
     * never comes back.</b>
     */
    public SmartnodesOutcome registerValidator() throws IOException, InterruptedException {
        var registered = ledger.registerValidator(node);
        return registered instanceof Done ? ledger.joinRounds() : registered;
    }

    /** Registers this node's account as a user, which locks collateral that never comes back. */
    public SmartnodesOutcome registerUser() throws IOException, InterruptedException {
        return ledger.registerUser(node);
    }

    /** Puts the payment of a job aside, which cannot be taken back. */
    public SmartnodesOutcome requestJob(JobId job, List<BigInteger> capacities, BigInteger payment)
            throws IOException, InterruptedException {
        var name = network.substring(0, Math.min(network.length(), NETWORK_CHARACTERS_MAX));
        return ledger.requestJob(new JobRequest(node, job.word(), name, capacities, payment));
    }

    /** Claims what this node's account has earned in a distribution. */
    public SmartnodesOutcome claim(Distribution distribution)
            throws IOException, InterruptedException {
        return ledger.claim(distribution);
    }
}
