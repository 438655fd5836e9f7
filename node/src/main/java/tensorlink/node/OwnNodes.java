package tensorlink.node;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Engine;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.worker.OwnNode;
import tensorlink.jobs.worker.WorkerTerms;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/**
 * Makes nodes in this process that keep ends of its user's models: each with keys of its own that
 * nobody remembers, listening on loopback for its user, computing on one thread.
 */
final class OwnNodes implements OwnNode.Starter, AutoCloseable {
    private static final int THREADS = 1;

    private final NodeOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Engine engine;

    OwnNodes(NodeOptions options) {
        this.options = options;
    }

    @Override
    public OwnNode start(PeerId user) throws IOException, InterruptedException {
        var network = options.network();
        var home = options.home();
        var scheduler = options.presence().scheduler();
        var key = KeyPair.generate();
        var engine = engine();
        var speed = Speeds.of(engine, THREADS, home.work().resolve("speed-here"));
        var loopback = List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"));
        var host = Libp2p.start(key, Node.hostConfig(NodeOptions.of(network, home, loopback)));
        try {
            var random = new SecureRandom();
            var party =
                    new Party(
                            host,
                            AccountKey.generate(random),
                            network.domain(),
                            new Protocols(network.name()),
                            new Seals(key, network.name(), scheduler::now, random),
                            scheduler);
            // Ends with the host.
            var _ = BusyPeers.watch(host, party.protocols());
            return OwnNode.start(
                    party,
                    engine,
                    new WorkerTerms(
                            machineMemory(),
                            THREADS,
                            speed,
                            Amount.ZERO,
                            home.work().resolve("own").resolve(host.id().toString()),
                            options.limits(),
                            user));
        } catch (IOException | RuntimeException failed) {
            host.close();
            throw failed;
        }
    }

    private Engine engine() throws IOException {
        lock.lock();
        try {
            var open = engine;
            if (open == null) {
                open = TorchEngine.open();
                engine = open;
            }
            return open;
        } finally {
            lock.unlock();
        }
    }

    private static long machineMemory() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        return system instanceof com.sun.management.OperatingSystemMXBean known
                ? known.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (engine != null) {
                engine.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
