package tensorlink.node;

import java.io.IOException;
import java.util.List;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.validator.Validator;
import tensorlink.ledger.Amount;
import tensorlink.p2p.multiaddr.Multiaddr;

/** A node that finds workers for users, and keeps the network's ledger if it is to. */
public final class ValidatorNode implements AutoCloseable {
    private final Node node;

    private ValidatorNode(Node node) {
        this.node = node;
    }

    /**
     * What a validator does, and how it is reached.
     *
     * @param keepsLedger whether it keeps the network's ledger in its folder
     * @param newcomerCredit what each new account is issued once
     * @param listen addresses to listen on
     */
    public record Options(
            boolean keepsLedger, Amount newcomerCredit, List<Multiaddr> listen, JobLimits limits) {

        /** Without a ledger, for this machine only. */
        public static Options free() {
            return new Options(
                    false,
                    Amount.ZERO,
                    List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0")),
                    JobLimits.defaults());
        }

        /** With a ledger on which each new account has {@code newcomerCredit}. */
        public Options ledger(Amount credit) {
            return new Options(true, credit, listen, limits);
        }

        public Options listen(List<Multiaddr> addresses) {
            return new Options(keepsLedger, newcomerCredit, addresses, limits);
        }

        public Options limits(JobLimits others) {
            return new Options(keepsLedger, newcomerCredit, listen, others);
        }
    }

    /** Starts validating. */
    public static ValidatorNode start(Network network, Home home, Options options)
            throws IOException, InterruptedException {
        return new ValidatorNode(
                Node.start(
                        NodeOptions.of(network, home, options.listen())
                                .limits(options.limits())
                                .validating(
                                        new NodeOptions.Validating(
                                                options.keepsLedger(), options.newcomerCredit()))));
    }

    public Node node() {
        return node;
    }

    public Validator validator() {
        return node.validator().orElseThrow();
    }

    @Override
    public void close() {
        node.close();
    }
}
