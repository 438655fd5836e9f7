package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tensorlink.compute.Engine;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.Presence;
import tensorlink.node.Profile;
import tensorlink.node.ValidatorNode;
import tensorlink.node.WorkerNode;
import tensorlink.p2p.core.Scheduler;

/**
 * Real nodes on loopback that nobody asks for anything: a validator and workers, some of them with
 * the profile {@code lowpower}.
 */
final class IdleNetwork implements AutoCloseable {
    private static final long MEMORY_BYTES = 1L << 30;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    /** How many workers of each profile. */
    record Size(int standard, int lowpower) {}

    private IdleNetwork() {}

    /**
     * Starts the validator and the workers, whose engine stays the caller's.
     *
     * @param progress told of each node
     */
    static IdleNetwork start(
            Size size, Scheduler scheduler, Engine engine, Consumer<String> progress)
            throws IOException, InterruptedException {
        var network = new IdleNetwork();
        boolean complete = false;
        try {
            var presence = Presence.defaults().withScheduler(scheduler);
            var named = Network.named("idle");
            var validator =
                    ValidatorNode.start(
                            named.presence(presence), Home.fresh(), ValidatorNode.Options.free());
            network.add(validator, validator.node());
            var joined = named.via(validator.node().info());
            for (int i = 0; i < size.standard() + size.lowpower(); i++) {
                var profile = i < size.standard() ? Profile.STANDARD : Profile.LOWPOWER;
                var worker =
                        WorkerNode.start(
                                joined.presence(presence.withProfile(profile)),
                                Home.fresh(),
                                WorkerNode.Options.lend(MEMORY_BYTES).engine(engine));
                network.add(worker, worker.node());
                progress.accept("worker " + (i + 1) + ", " + profile);
            }
            complete = true;
            return network;
        } finally {
            if (!complete) {
                network.close();
            }
        }
    }

    private void add(AutoCloseable opened, Node node) {
        open.add(opened);
        nodes.add(node);
    }

    /** Those with {@code profile}, the validator among them. */
    List<Node> nodes(Profile profile) {
        return nodes.stream().filter(node -> node.presence().profile() == profile).toList();
    }

    @Override
    public void close() {
        for (var one : open.reversed()) {
            try {
                one.close();
            } catch (Exception failed) {
                throw new IllegalStateException("a node did not end", failed);
            }
        }
    }
}
