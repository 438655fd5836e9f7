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
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.node.Network;
import tensorlink.p2p.core.Scheduler;

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
        var started = new ArrayList<NodeProcess>();
        // Also when this process is told to stop in the middle.
        var leftovers = new Leftovers(folder, started);
        var hook = new Thread(leftovers::remove);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            var arguments = new ArrayList<>(List.of("--network", name, "--role", "validator"));
            if (plan.credit() > 0) {
                arguments.addAll(
                        List.of("--ledger", "file", "--credit", Long.toString(plan.credit())));
            }
            var validator = NodeProcess.start("validator", folder.resolve("validator"), arguments);
            started.add(validator);
            var network = Network.named(name).via(validator.info());
            var workers = startWorkers(folder, network, plan, started);
            return new ProcessNetwork(leftovers, hook, network, validator, workers);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            leftovers.remove();
            throw failed;
        }
    }

    private static List<NodeProcess> startWorkers(
            Path folder, Network network, Plan plan, List<NodeProcess> started)
            throws IOException, InterruptedException {
        var lock = new ReentrantLock();
        var failures = new ArrayList<IOException>();
        var threads = new ArrayList<Thread>();
        var workers = new ArrayList<NodeProcess>();
        for (int i = 1; i <= plan.workers(); i++) {
            var name = "worker " + i;
            var home = folder.resolve("worker" + i);
            threads.add(
                    Scheduler.system()
                            .fork(
                                    name,
                                    () -> {
                                        try {
                                            var worker =
                                                    NodeProcess.start(
                                                            name, home, arguments(network, plan));
                                            lock.lock();
                                            try {
                                                workers.add(worker);
                                                started.add(worker);
                                            } finally {
                                                lock.unlock();
                                            }
                                        } catch (IOException failed) {
                                            lock.lock();
                                            try {
                                                failures.add(failed);
                                            } finally {
                                                lock.unlock();
                                            }
                                        } catch (InterruptedException interrupted) {
                                            Thread.currentThread().interrupt();
                                        }
                                    }));
        }
        for (var thread : threads) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
        workers.sort((a, b) -> a.name().compareTo(b.name()));
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

    /** What would be left behind; removing it twice does no harm. */
    private record Leftovers(Path folder, List<NodeProcess> processes) {
        void remove() {
            List.copyOf(processes).forEach(process -> process.handle().destroy());
            List.copyOf(processes).forEach(NodeProcess::close);
            try {
                delete(folder);
            } catch (IOException left) {
                throw new UncheckedIOException(left);
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
