package tensorlink.testnet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.node.Network;

/**
 * A network of real processes on this machine: one validator, and workers that know nothing but its
 * address. Leaves no process and no file behind.
 */
public final class ProcessNetwork implements AutoCloseable {
    private final Network network;
    private final NodeProcess validator;
    private final List<NodeProcess> workers;
    private final Leftovers leftovers;
    private final Thread hook;

    private ProcessNetwork(
            Leftovers leftovers,
            Thread hook,
            Network network,
            NodeProcess validator,
            List<NodeProcess> workers) {
        this.leftovers = leftovers;
        this.hook = hook;
        this.network = network;
        this.validator = validator;
        this.workers = List.copyOf(workers);
    }

    /**
     * What to start.
     *
     * @param workers how many
     * @param threads of each worker
     * @param price each worker asks per token and layer
     * @param credit each new account is issued; zero for a network without a ledger
     */
    public record Plan(int workers, int threads, long price, long credit) {}

    /** Starts the network and waits until all of it is ready. */
    public static ProcessNetwork start(String name, Plan plan)
            throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("tensorlink-" + name + "-");
        var started = new CopyOnWriteArrayList<NodeProcess.Launched>();
        // Also when this process is told to stop in the middle.
        var leftovers = new Leftovers(folder, started);
        var hook = new Thread(leftovers::remove);
        try {
            Runtime.getRuntime().addShutdownHook(hook);
            var arguments = new ArrayList<>(List.of("--network", name, "--role", "validator"));
            if (plan.credit() > 0) {
                arguments.addAll(
                        List.of("--ledger", "file", "--credit", Long.toString(plan.credit())));
            }
            var launched = NodeProcess.launch("validator", folder.resolve("validator"), arguments);
            started.add(launched);
            var validator = launched.awaitReady();
            var network = Network.named(name).via(validator.info());
            var workers = startWorkers(folder, network, plan, started);
            return new ProcessNetwork(leftovers, hook, network, validator, workers);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            leftovers.remove();
            throw failed;
        }
    }

    /** All at once: most of a start is waiting for libraries to load. */
    private static List<NodeProcess> startWorkers(
            Path folder, Network network, Plan plan, List<NodeProcess.Launched> started)
            throws IOException, InterruptedException {
        var launched = new ArrayList<NodeProcess.Launched>();
        for (int i = 1; i <= plan.workers(); i++) {
            var worker =
                    NodeProcess.launch(
                            "worker " + i, folder.resolve("worker" + i), arguments(network, plan));
            started.add(worker);
            launched.add(worker);
        }
        var workers = new ArrayList<NodeProcess>();
        for (var worker : launched) {
            workers.add(worker.awaitReady());
        }
        return workers;
    }

    private static List<String> arguments(Network network, Plan plan) {
        return List.of(
                "--network",
                network.name(),
                "--role",
                "worker",
                "--bootstrap",
                network.bootstrap().getFirst().fullAddresses().getFirst().toString(),
                "--threads",
                Integer.toString(plan.threads()),
                "--price",
                Long.toString(plan.price()));
    }

    /** For others to join. */
    public Network network() {
        return network;
    }

    public NodeProcess validator() {
        return validator;
    }

    public List<NodeProcess> workers() {
        return workers;
    }

    /** Stops every process and deletes every file. */
    @Override
    public void close() {
        leftovers.remove();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // It runs again, and finds nothing left to do.
        }
    }

    /** What would be left behind; removing it twice does no harm, and is done one at a time. */
    private static final class Leftovers {
        private final Path folder;
        private final List<NodeProcess.Launched> processes;
        private final ReentrantLock removing = new ReentrantLock();

        Leftovers(Path folder, List<NodeProcess.Launched> processes) {
            this.folder = folder;
            this.processes = processes;
        }

        void remove() {
            removing.lock();
            try {
                processes.forEach(launched -> launched.process().toHandle().destroy());
                processes.forEach(NodeProcess.Launched::stop);
                delete(folder);
            } catch (IOException left) {
                throw new UncheckedIOException(left);
            } finally {
                removing.unlock();
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.deleteIfExists(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @org.jspecify.annotations.Nullable IOException failed)
                            throws IOException {
                        Files.deleteIfExists(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
