package tensorlink.testnet.sim;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
    private static final Duration PROGRESS_EVERY = Duration.ofSeconds(10);

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

    private final Scheduler scheduler = Scheduler.system();
    private long toldAt = scheduler.nanoTime();

    int nodes() {
        if (nodes < NODES_MIN) {
            throw new UsageException("--nodes is " + nodes + ", expected at least " + NODES_MIN);
        }
        return nodes;
    }

    long seed() {
        return seed;
    }

    /** Tells somebody who waits how far a run is, now and then. */
    void progress(String line) {
        long now = scheduler.nanoTime();
        if (output.progress() && !output.json() && now - toldAt >= PROGRESS_EVERY.toNanos()) {
            toldAt = now;
            System.err.println(line);
        }
    }

    /**
     * Runs a simulation and prints its figures, with what it took of this machine.
     *
     * @param goals what the figures are asked to be
     * @return the exit status, which says whether they are
     */
    int run(List<Goal> goals, Simulation simulation) throws IOException, InterruptedException {
        var figures = measure(simulation);
        var missed = missed(goals, figures);
        figures.put("missed", missed);
        figures.forEach((name, value) -> output.say("%-32s %s".formatted(name, value)));
        output.tell(figures);
        return status(missed);
    }

    /**
     * Runs simulations one after the other: a line for each, with some of its figures.
     *
     * @param columns which figures people are shown
     */
    int runAll(List<Goal> goals, List<String> columns, Map<String, Simulation> simulations)
            throws IOException, InterruptedException {
        var missed = new ArrayList<String>();
        output.say("columns: " + String.join(", ", columns));
        for (var entry : simulations.entrySet()) {
            var figures = measure(entry.getValue());
            for (var miss : missed(goals, figures)) {
                missed.add(entry.getKey() + ": " + miss);
            }
            output.say(row(entry.getKey(), columns, figures));
            output.tell(figures);
        }
        missed.forEach(output::say);
        var result = new LinkedHashMap<String, Object>();
        result.put("seed", seed);
        result.put("simulations", simulations.size());
        result.put("missed", missed);
        output.tell(result);
        return status(missed);
    }

    private Map<String, Object> measure(Simulation simulation)
            throws IOException, InterruptedException {
        long start = scheduler.nanoTime();
        var figures = new LinkedHashMap<String, Object>();
        figures.put("seed", seed);
        figures.putAll(simulation.run());
        var took = Duration.ofNanos(scheduler.nanoTime() - start);
        figures.put("wallSeconds", took.toMillis() / 1000.0);
        figures.put("peakHeapMiB", peakHeap() >> 20);
        return figures;
    }

    /** The most that was taken since the start, garbage included. */
    private static long peakHeap() {
        long bytes = 0;
        for (var pool : ManagementFactory.getMemoryPoolMXBeans()) {
            bytes += pool.getType() == MemoryType.HEAP ? pool.getPeakUsage().getUsed() : 0;
        }
        return bytes;
    }

    private static List<String> missed(List<Goal> goals, Map<String, Object> figures) {
        var missed = new ArrayList<String>();
        for (var goal : goals) {
            goal.missed(figures).ifPresent(missed::add);
        }
        return missed;
    }

    private static String row(String name, List<String> columns, Map<String, Object> figures) {
        var row = new StringBuilder("%-32s".formatted(name));
        for (var column : columns) {
            var value = figures.get(column);
            row.append(
                    switch (value) {
                        case null -> "%10s".formatted("-");
                        case Double number -> "%10.4f".formatted(number);
                        default -> "%10s".formatted(value);
                    });
        }
        return row.toString();
    }

    private static int status(List<String> missed) {
        return (missed.isEmpty() ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    /** Something that comes to figures, by name. */
    interface Simulation {
        Map<String, Object> run() throws IOException, InterruptedException;
    }
}
