package tensorlink.testnet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Engine;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Amount;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.WorkerNode;

/**
 * A network in this process, over real sockets on loopback: one validator, workers that share an
 * engine, and a user.
 */
public final class LocalNetwork implements AutoCloseable {
    private static final long MEMORY_BYTES = 1L << 32;

    private final ValidatorNode validator;
    private final List<WorkerNode> workers;
    private final UserNode user;

    private LocalNetwork(ValidatorNode validator, List<WorkerNode> workers, UserNode user) {
        this.validator = validator;
        this.workers = List.copyOf(workers);
        this.user = user;
    }

    /**
     * What to start.
     *
     * @param memoryBytes each worker lends; as many as there are workers
     * @param threads of each worker
     * @param price each worker asks per token and layer
     * @param credit each new account is issued; zero for a network without a ledger
     */
    public record Plan(
            List<Long> memoryBytes, int threads, long price, long credit, JobLimits limits) {

        /** So many workers, with room and for nothing. */
        public static Plan free(int workers, int threads) {
            return new Plan(
                    java.util.Collections.nCopies(workers, MEMORY_BYTES),
                    threads,
                    0,
                    0,
                    JobLimits.defaults());
        }
    }

    /** Starts a network whose workers compute with {@code engine}, which stays the caller's. */
    public static LocalNetwork start(String name, int workers, int threads, Engine engine)
            throws IOException, InterruptedException {
        return start(name, Plan.free(workers, threads), engine);
    }

    /** Starts a network. */
    public static LocalNetwork start(String name, Plan plan, Engine engine)
            throws IOException, InterruptedException {
        return start(Network.named(name), Home.fresh(), plan, engine);
    }

    /** Starts a network whose validator lives in {@code home}. */
    public static LocalNetwork start(Network empty, Home home, Plan plan, Engine engine)
            throws IOException, InterruptedException {
        var started = new ArrayList<AutoCloseable>();
        try {
            var free = ValidatorNode.Options.free().limits(plan.limits());
            var validator =
                    ValidatorNode.start(
                            empty,
                            home,
                            plan.credit() > 0 ? free.ledger(Amount.of(plan.credit())) : free);
            started.add(validator);
            var network = empty.via(validator.node().info());
            var workers = new ArrayList<WorkerNode>();
            for (long memory : plan.memoryBytes()) {
                var worker =
                        WorkerNode.start(
                                network,
                                Home.fresh(),
                                WorkerNode.Options.lend(memory)
                                        .threads(plan.threads())
                                        .price(Amount.of(plan.price()))
                                        .limits(plan.limits())
                                        .engine(engine));
                started.add(worker);
                workers.add(worker);
            }
            var user = UserNode.join(network, Home.fresh(), plan.limits());
            return new LocalNetwork(validator, workers, user);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            for (var node : started.reversed()) {
                closeQuietly(node);
            }
            throw failed;
        }
    }

    private static void closeQuietly(AutoCloseable node) {
        try {
            node.close();
        } catch (Exception alsoFailed) {
            // The first failure is the one to tell.
        }
    }

    public ValidatorNode validator() {
        return validator;
    }

    public List<WorkerNode> workers() {
        return workers;
    }

    public UserNode user() {
        return user;
    }

    /** For others to join. */
    public Network network() {
        return Network.named(validator.node().network()).via(validator.node().info());
    }

    @Override
    public void close() {
        user.close();
        workers.forEach(WorkerNode::close);
        validator.close();
    }
}
