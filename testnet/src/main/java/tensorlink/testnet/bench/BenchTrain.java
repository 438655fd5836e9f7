package tensorlink.testnet.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;
import tensorlink.testnet.bench.figures.Sample;

/**
 * Training over two worker processes against one process: tokens per second, the share of what a
 * pipeline can reach at all, the cost of a hop, and whether memory grows.
 *
 * <p>The limit is measured, not assumed: {@code S}, the tokens per second of as many independent
 * one-thread runs at the same time as there are workers. A pipeline of {@code p} stages fed with
 * {@code m} micro-batches stands still for {@code p - 1} of {@code m + p - 1} slots while it fills
 * and drains, so it can reach {@code S * m / (m + p - 1)}.
 */
@Command(
        name = "train",
        description = "Training over two worker processes against one process.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench train --rounds 1 --soak-steps 0")
final class BenchTrain implements Callable<Integer> {
    private static final int WORKERS = 2;
    private static final int MICRO_BATCHES = 4;
    private static final AdamW RULE = AdamW.lr(1e-4);

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "20",
            description = "interleaved rounds")
    private int rounds;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "2",
            description =
                    "of each measurement, at least one step; short, so that what else runs here"
                            + " weighs on all alike")
    private int seconds;

    @Option(
            names = "--soak-steps",
            paramLabel = "N",
            defaultValue = "1000",
            description = "steps over which memory is watched; 0 for none")
    private int soakSteps;

    private final Scheduler scheduler = Scheduler.system();

    /** A model and the shape of its batches. */
    private record Case(String name, ModelConfig config, int rows, int length) {
        Batch batch(long step) {
            return TrainingTurns.batch(step, rows, length, config.vocabulary());
        }

        Model model() {
            return Model.initialize(config, Tokenizer.bytes(), 1);
        }

        long tokensPerStep() {
            return (long) rows * length;
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var cases =
                List.of(
                        new Case("demo 256 x 4", ModelConfig.llama(256, 4, 256, 256), 8, 128),
                        new Case("512 x 8", ModelConfig.llama(512, 8, 256, 256), 8, 128));
        output.say(
                "S: "
                        + WORKERS
                        + " independent one-thread runs at once;  bound = S * m/(m+p-1)"
                        + " with p = "
                        + WORKERS
                        + ", m = "
                        + MICRO_BATCHES);
        var results = new ArrayList<Map<String, Object>>();
        try (Engine engine = TorchEngine.open()) {
            for (var measured : cases) {
                results.add(measure(engine, measured));
            }
            var hop = HopBench.measure(scheduler);
            output.say(
                    String.format(
                            Locale.ROOT,
                            "%nhop of a 16 KiB tensor, encrypted and multiplexed: p50 %.0f us, p99"
                                    + " %.0f us (bare TCP: p50 %.0f us)",
                            hop.p50(),
                            hop.p99(),
                            hop.tcp50()));
            var result = new LinkedHashMap<String, Object>();
            result.put("models", results);
            result.put("hopMicros50", hop.p50());
            result.put("hopMicros99", hop.p99());
            result.put("tcpMicros50", hop.tcp50());
            if (soakSteps > 0) {
                result.put("memory", new MemorySoak(output, scheduler, engine).run(soakSteps));
            }
            output.tell(result);
        }
        return ExitCode.DONE.status();
    }

    private Map<String, Object> measure(Engine engine, Case measured)
            throws IOException, InterruptedException {
        var model = measured.model();
        output.say(
                String.format(
                        Locale.ROOT,
                        "%n%s, %,d parameters, batches of %d x %d in %d micro-batches",
                        measured.name(),
                        model.parameterCount(),
                        measured.rows(),
                        measured.length(),
                        MICRO_BATCHES));
        var network = new ArrayList<Double>();
        var independent = new ArrayList<Double>();
        var twoThreads = new ArrayList<Double>();
        try (var processes =
                        ProcessNetwork.start("bench", new ProcessNetwork.Plan(WORKERS, 1, 0, 0));
                var user = UserNode.join(processes.network());
                var distributed =
                        user.createDistributedModel(
                                model,
                                JobOptions.training()
                                        .workers(WORKERS)
                                        .batch(measured.rows(), measured.length())
                                        .microBatches(MICRO_BATCHES));
                var one = LocalRun.open(engine, model, 1, StageOptions.forTraining(1));
                var other = LocalRun.open(engine, model, 1, StageOptions.forTraining(1));
                var two = LocalRun.open(engine, model, 1, StageOptions.forTraining(WORKERS))) {
            for (int warmUp = 0; warmUp < 3; warmUp++) {
                step(distributed, measured.batch(warmUp));
                step(one, measured.batch(warmUp));
                step(other, measured.batch(warmUp));
                step(two, measured.batch(warmUp));
            }
            for (int round = 0; round < rounds; round++) {
                network.add(speed(measured, step -> step(distributed, measured.batch(step))));
                independent.add(together(measured, List.of(one, other)));
                twoThreads.add(speed(measured, step -> step(two, measured.batch(step))));
            }
        }
        double share = MICRO_BATCHES / (double) (MICRO_BATCHES + WORKERS - 1);
        var ratios = new ArrayList<Double>();
        var against = new ArrayList<Double>();
        for (int round = 0; round < rounds; round++) {
            ratios.add(network.get(round) / (independent.get(round) * share));
            against.add(network.get(round) / twoThreads.get(round));
        }
        line("over " + WORKERS + " workers", new Sample(network));
        line("one process, " + WORKERS + " threads", new Sample(twoThreads));
        line("S", new Sample(independent));
        output.say(
                String.format(
                        Locale.ROOT,
                        "  of one process with %d threads: %.2f;  of the bound: %.2f"
                                + " [quarters %.2f-%.2f]",
                        WORKERS,
                        new Sample(against).median(),
                        new Sample(ratios).median(),
                        new Sample(ratios).quantile(0.25),
                        new Sample(ratios).quantile(0.75)));
        var result = new LinkedHashMap<String, Object>();
        result.put("model", measured.name());
        result.put("parameters", model.parameterCount());
        result.put("workersTokensPerSecond", new Sample(network).median());
        result.put("oneProcessTokensPerSecond", new Sample(twoThreads).median());
        result.put("independentTokensPerSecond", new Sample(independent).median());
        result.put("boundShare", share);
        result.put("ratioToOneProcess", new Sample(against).median());
        result.put("ratioToBound", new Sample(ratios).median());
        return result;
    }

    private void line(String name, Sample sample) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "  %-24s %,8.0f tok/s  [%,.0f-%,.0f]",
                        name,
                        sample.median(),
                        sample.quantile(0.25),
                        sample.quantile(0.75)));
    }

    private interface Step {
        void run(long step) throws IOException, InterruptedException;
    }

    /** Tokens per second of some seconds of steps. */
    private double speed(Case measured, Step step) throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        long end = begun + seconds * 1_000_000_000L;
        long steps = 0;
        while (scheduler.nanoTime() < end) {
            step.run(steps);
            steps++;
        }
        return steps * measured.tokensPerStep() / ((scheduler.nanoTime() - begun) / 1e9);
    }

    /** Tokens per second of several runs at the same time, added up. */
    private double together(Case measured, List<LocalRun> runs)
            throws IOException, InterruptedException {
        var speeds = new double[runs.size()];
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < runs.size(); i++) {
            int index = i;
            threads.add(
                    scheduler.fork(
                            "independent-" + i,
                            () -> {
                                try {
                                    speeds[index] =
                                            speed(
                                                    measured,
                                                    step ->
                                                            step(
                                                                    runs.get(index),
                                                                    measured.batch(step)));
                                } catch (IOException impossible) {
                                    throw new java.io.UncheckedIOException(impossible);
                                } catch (InterruptedException interrupted) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        double sum = 0;
        for (int i = 0; i < runs.size(); i++) {
            threads.get(i).join();
            sum += speeds[i];
        }
        return sum;
    }

    private static void step(LocalRun run, Batch batch) throws InterruptedException {
        TrainingTurns.step(run, batch, MICRO_BATCHES, RULE);
    }

    private static void step(DistributedModel model, Batch batch)
            throws IOException, InterruptedException {
        TrainingTurns.step(model, batch, RULE);
    }
}
