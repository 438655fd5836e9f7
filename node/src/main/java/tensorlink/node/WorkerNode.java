package tensorlink.node;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Engine;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.worker.Worker;
import tensorlink.ledger.Amount;
import tensorlink.p2p.multiaddr.Multiaddr;

/** A node that lends this machine to others' models. */
public final class WorkerNode implements AutoCloseable {
    private final Node node;

    private WorkerNode(Node node) {
        this.node = node;
    }

    /**
     * What a worker lends, and how it is reached.
     *
     * @param memoryBytes lent to all jobs together
     * @param threads that compute each stage
     * @param unitPrice asked per token and layer
     * @param listen addresses to listen on
     * @param engine what computes; null for one of the node's own
     * @param isolation whether an engine of the node's own computes in other processes
     * @param device what is to be computed on; with several cards there is a node for each, see
     *     {@link Node#others}
     * @param hub where published weights are had from, https://HOST; null for from users
     */
    public record Options(
            long memoryBytes,
            int threads,
            Amount unitPrice,
            List<Multiaddr> listen,
            JobLimits limits,
            @Nullable Engine engine,
            Isolation isolation,
            DeviceWish device,
            @Nullable URI hub) {

        /** Lends {@code memoryBytes} on one thread, for nothing, to this machine only. */
        public static Options lend(long memoryBytes) {
            return new Options(
                    memoryBytes,
                    1,
                    Amount.ZERO,
                    List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0")),
                    JobLimits.defaults(),
                    null,
                    Isolation.AUTO,
                    DeviceWish.any(),
                    null);
        }

        public Options threads(int count) {
            return new Options(
                    memoryBytes, count, unitPrice, listen, limits, engine, isolation, device, hub);
        }

        public Options price(Amount perTokenAndLayer) {
            return new Options(
                    memoryBytes,
                    threads,
                    perTokenAndLayer,
                    listen,
                    limits,
                    engine,
                    isolation,
                    device,
                    hub);
        }

        public Options listen(List<Multiaddr> addresses) {
            return new Options(
                    memoryBytes,
                    threads,
                    unitPrice,
                    addresses,
                    limits,
                    engine,
                    isolation,
                    device,
                    hub);
        }

        public Options limits(JobLimits others) {
            return new Options(
                    memoryBytes,
                    threads,
                    unitPrice,
                    listen,
                    others,
                    engine,
                    isolation,
                    device,
                    hub);
        }

        /** Computes with an engine that the caller keeps, such as one shared by several nodes. */
        public Options engine(Engine shared) {
            return new Options(
                    memoryBytes,
                    threads,
                    unitPrice,
                    listen,
                    limits,
                    shared,
                    isolation,
                    device,
                    hub);
        }

        /** Computes on this, or does not start. */
        public Options device(DeviceWish wish) {
            return new Options(
                    memoryBytes, threads, unitPrice, listen, limits, engine, isolation, wish, hub);
        }

        /** Computes each stage in a process of its own, or does not. */
        public Options isolation(Isolation other) {
            return new Options(
                    memoryBytes, threads, unitPrice, listen, limits, engine, other, device, hub);
        }

        /**
         * Has the bytes of its layers from a hub, where a user says that a model is published; what
         * is not there as agreed comes from the user.
         */
        public Options hub(@Nullable URI other) {
            return new Options(
                    memoryBytes,
                    threads,
                    unitPrice,
                    listen,
                    limits,
                    engine,
                    isolation,
                    device,
                    other);
        }
    }

    /** Starts lending. */
    public static WorkerNode start(Network network, Home home, Options options)
            throws IOException, InterruptedException {
        return start(network, home, options, null);
    }

    /** Starts lending these devices. */
    static WorkerNode start(Network network, Home home, Options options, @Nullable Devices devices)
            throws IOException, InterruptedException {
        var working =
                new NodeOptions.Working(
                        options.memoryBytes(),
                        options.threads(),
                        options.unitPrice(),
                        options.engine(),
                        options.isolation(),
                        options.device(),
                        options.hub(),
                        devices);
        return new WorkerNode(
                Node.start(
                        NodeOptions.of(network, home, options.listen())
                                .limits(options.limits())
                                .working(working)));
    }

    public Node node() {
        return node;
    }

    public Worker worker() {
        return node.worker().orElseThrow();
    }

    @Override
    public void close() {
        node.close();
    }
}
