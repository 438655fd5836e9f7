package tensorlink.testnet.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.JobReport;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;
import tensorlink.testnet.bench.figures.Figures;

/**
 * Two replicas of a whole model, on workers of one thread each, against one process with as many
 * threads, in turns; and what the replicas send each other in a step against the least there is,
 * {@code 2 (n - 1) / n} of the gradients' bytes from each.
 */
@Command(
        name = "replicas",
        description = "Two replicas against one process with two threads, and what they send.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench replicas --rounds 5")
final class BenchReplicas implements Callable<Integer> {
    private static final ModelConfig CONFIG = ModelConfig.llama(512, 8, 256, 256);
    private static final int REPLICAS = 2;
    private static final int ROWS = 8;
    private static final int LENGTH = 128;
    private static final int MICRO_BATCHES = 4;
    private static final AdamW RULE = AdamW.lr(1e-4);
    private static final String APART = "replicas";
    private static final String TOGETHER = "one process";

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "10",
            description = "of two steps of each")
    private int rounds;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var model = Model.initialize(CONFIG, Tokenizer.bytes(), 1);
        var options =
                JobOptions.training()
                        .workers(1)
                        .replicas(REPLICAS)
                        .batch(ROWS, LENGTH)
                        .microBatches(MICRO_BATCHES);
        var figures = new Figures();
        double sent;
        try (Engine engine = TorchEngine.open();
                var network =
                        ProcessNetwork.start("bench", new ProcessNetwork.Plan(REPLICAS, 1, 0, 0));
                var user = UserNode.join(network.network());
                var replicas = user.createDistributedModel(model, options);
                var alone =
                        LocalRun.open(
                                engine,
                                model,
                                1,
                                StageOptions.forTraining(TrainingOptions.defaults(), REPLICAS))) {
            step(replicas, 0);
            step(alone, 0);
            long before = sent(replicas);
            for (int round = 0; round < rounds; round++) {
                long begun = scheduler.nanoTime();
                step(replicas, 2L * round);
                step(replicas, 2L * round + 1);
                long between = scheduler.nanoTime();
                step(alone, 2L * round);
                step(alone, 2L * round + 1);
                figures.add(APART, 2e9 / (between - begun));
                figures.add(TOGETHER, 2e9 / (scheduler.nanoTime() - between));
            }
            sent = (sent(replicas) - before) / (2.0 * rounds * REPLICAS);
        }
        tell(figures, sent, 2.0 * (REPLICAS - 1) / REPLICAS * 4 * model.parameterCount());
        return ExitCode.DONE.status();
    }

    private void tell(Figures figures, double sent, double least) {
        var apart = figures.find(APART).orElseThrow();
        var together = figures.find(TOGETHER).orElseThrow();
        var ratio = figures.ratio(APART, TOGETHER).orElseThrow();
        output.say(
                String.format(
                        Locale.ROOT,
                        "hidden 512 x 8 layers, 8 x 128 tokens in 4 micro-batches%n"
                                + "  %d replicas of 1 thread    %6.0f ms a step%n"
                                + "  one process, %d threads   %6.0f ms a step%n"
                                + "  speed of one process: %.2f [quarters %.2f-%.2f]%n"
                                + "  each sends %.1f MiB a step, %.4f of the least there is",
                        REPLICAS,
                        1000 / apart.median(),
                        REPLICAS,
                        1000 / together.median(),
                        ratio.median(),
                        ratio.quantile(0.25),
                        ratio.quantile(0.75),
                        sent / (1 << 20),
                        sent / least));
        var result = new LinkedHashMap<String, Object>();
        result.put("replicasStepMillis", 1000 / apart.median());
        result.put("oneProcessStepMillis", 1000 / together.median());
        result.put("ofOneProcess", ratio.median());
        result.put("bytesSentPerStep", sent);
        result.put("bytesOfLeast", sent / least);
        output.tell(result);
    }

    /** Bytes of tensors that all workers have sent; of a whole model nothing but gradients. */
    private static long sent(DistributedModel model) {
        return model.report().stages().stream()
                .map(JobReport.StageReport::times)
                .mapToLong(times -> times.bytesSent())
                .sum();
    }

    private static void step(DistributedModel model, long seed)
            throws IOException, InterruptedException {
        TrainingTurns.step(
                model, TrainingTurns.batch(seed, ROWS, LENGTH, CONFIG.vocabulary()), RULE);
    }

    private static void step(LocalRun run, long seed) throws InterruptedException {
        var batch = TrainingTurns.batch(seed, ROWS, LENGTH, CONFIG.vocabulary());
        TrainingTurns.step(run, batch, MICRO_BATCHES, RULE);
    }
}
