package tensorlink.testnet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import tensorlink.node.Home;
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

    private ProcessNetwork(
            Leftovers leftovers,
            Network network,
            NodeProcess validator,
            List<NodeProcess> workers) {
        this.leftovers = leftovers;
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
        return start(name, plan, Collections.nCopies(plan.workers(), List.of()));
    }

    /**
     * Starts one without a ledger, of workers with one thread each.
     *
     * @param shares of a processor for each worker; empty for as much as there is
     */
    public static ProcessNetwork startThrottled(String name, List<Optional<ProcessorShare>> shares)
            throws IOException, InterruptedException {
        var prefixes =
                shares.stream()
                        .map(share -> share.map(ProcessorShare::prefix).orElse(List.of()))
                        .toList();
        var plan = new Plan(shares.size(), 1, 0, 0);
        return start(name, plan, prefixes);
    }

    private static ProcessNetwork start(String name, Plan plan, List<List<String>> prefixes)
            throws IOException, InterruptedException {
        var leftovers =
                new Leftovers(
                        Files.createTempDirectory("tensorlink-" + name + "-"), new ArrayList<>());
        try {
            var arguments = new ArrayList<>(List.of("--network", name, "--role", "validator"));
            if (plan.credit() > 0) {
                arguments.addAll(
                        List.of("--ledger", "file", "--credit", Long.toString(plan.credit())));
            }
            var validator = leftovers.launch("validator", List.of(), arguments).awaitReady();
            var network = Network.named(name).via(validator.info());
            var launched = new ArrayList<NodeProcess.Launched>();
            for (int i = 1; i <= plan.workers(); i++) {
                launched.add(
                        leftovers.launch(
                                "worker " + i, prefixes.get(i - 1), arguments(network, plan)));
            }
            var workers = new ArrayList<NodeProcess>();
            for (var worker : launched) {
                workers.add(worker.awaitReady());
            }
            return new ProcessNetwork(leftovers, network, validator, workers);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            leftovers.remove();
            throw failed;
        }
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
    }

    /** What would be left behind. */
    private record Leftovers(Path folder, List<NodeProcess.Launched> processes) {
        NodeProcess.Launched launch(String name, List<String> prefix, List<String> arguments)
                throws IOException {
            var home = folder.resolve(name.replace(" ", ""));
            var process = NodeProcess.launch(name, home, prefix, arguments);
            processes.add(process);
            return process;
        }

        void remove() {
            processes.forEach(NodeProcess.Launched::stop);
            processes.forEach(NodeProcess.Launched::close);
            try {
                Home.delete(folder);
            } catch (IOException left) {
                throw new UncheckedIOException(left);
            }
        }
    }
}
