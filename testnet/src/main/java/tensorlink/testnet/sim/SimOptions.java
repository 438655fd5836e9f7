package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;

/** What all simulations are told, and how they tell what came out. */
final class SimOptions {
    private static final int NODES_MIN = 50;

    @Mixin private Output output = new Output();

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "1000",
            description = "how many nodes; at least 50")
    private int nodes;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "equal seeds give equal runs, and equal trace hashes")
    private long seed;

    int nodes() {
        return nodes;
    }

    long seed() {
        return seed;
    }

    /** Runs a simulation and prints its figures, with what it took of this machine. */
    int run(Simulation simulation) throws IOException, InterruptedException {
        if (nodes < NODES_MIN) {
            throw new UsageException("--nodes is " + nodes + ", expected at least " + NODES_MIN);
        }
        var scheduler = Scheduler.system();
        long start = scheduler.nanoTime();
        var figures = new LinkedHashMap<String, Object>();
        figures.put("seed", seed);
        figures.putAll(simulation.run());
        var took = Duration.ofNanos(scheduler.nanoTime() - start);
        var runtime = Runtime.getRuntime();
        figures.put("wallSeconds", took.toMillis() / 1000.0);
        figures.put("heapMiB", (runtime.totalMemory() - runtime.freeMemory()) >> 20);
        figures.forEach((name, value) -> output.say("%-32s %s".formatted(name, value)));
        output.tell(figures);
        return ExitCode.DONE.status();
    }

    /** Something that comes to figures, by name. */
    interface Simulation {
        Map<String, Object> run() throws IOException, InterruptedException;
    }
}
