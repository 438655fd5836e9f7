package tensorlink.testnet.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.LearningRateSchedule;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.training.Metrics;
import tensorlink.jobs.training.MetricsLog;
import tensorlink.jobs.training.Trainee;
import tensorlink.jobs.training.Trainer;
import tensorlink.jobs.training.TrainerOptions;
import tensorlink.jobs.training.TrainerState;
import tensorlink.node.UserNode;
import tensorlink.node.cli.Curves;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.JobConsole;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.Pace;
import tensorlink.node.cli.Sizes;
import tensorlink.node.cli.TrainingConsole;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;

/**
 * Trains a model on real data over two workers, each a process with one thread, judges it by what
 * was held out, and trains it again in one process, which must arrive at the same bits.
 */
final class RealRun {
    private static final int WORKERS = 2;
    private static final int MICRO_BATCHES = 4;
    private static final double WARM_UP = 0.1;

    @Mixin private Output output = new Output();

    @Option(
            names = "--keep",
            paramLabel = "FOLDER",
            description = "keep the trained model, metrics.jsonl and curve.png there")
    private @Nullable Path keep;

    private final Scheduler scheduler = Scheduler.system();

    /**
     * What is learnt, from what.
     *
     * @param length of a row, in tokens; 1 where a row is an image
     * @param unit what a row is called
     * @param judgements how often to judge by what is held out
     * @param wanted the share of right answers that the run is for
     */
    record Plan(
            Model model,
            Examples.Split<Batch> data,
            int rows,
            int length,
            String unit,
            int steps,
            double learningRate,
            int judgements,
            double wanted) {
        Pace pace() {
            return length == 1 ? Pace.images(rows) : Pace.tokens((long) rows * length);
        }
    }

    Output output() {
        return output;
    }

    /** The exit status: whether the answers are good enough and the bits the same. */
    int show(String name, Plan plan) throws IOException, InterruptedException {
        var folder = keep == null ? Files.createTempDirectory("tensorlink-" + name + "-") : keep;
        if (keep != null && Files.exists(keep.resolve(MetricsLog.NAME))) {
            throw new IOException("--keep " + keep + ": holds another run");
        }
        Files.createDirectories(folder);
        try {
            return show(name, plan, folder);
        } finally {
            if (keep == null) {
                Files.deleteIfExists(folder.resolve(MetricsLog.NAME));
                Files.deleteIfExists(folder);
            }
        }
    }

    private int show(String name, Plan plan, Path folder) throws IOException, InterruptedException {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%,d parameters; %,d %s to learn from, %,d held out",
                        plan.model().parameterCount(),
                        plan.data().training().size(),
                        plan.unit(),
                        plan.data().heldOut().size()));
        output.say("Starting a validator and " + WORKERS + " workers, each a process ...");
        var network = overNetwork(name, plan, folder);
        if (keep != null) {
            Curves.draw(name, folder.resolve(MetricsLog.NAME), folder.resolve("curve.png"));
        }
        var alone = alone(plan);
        var judged = judged(network.end());
        double accuracy = judged.value(Metrics.EVAL_ACCURACY).orElse(0);
        boolean good = accuracy >= plan.wanted();
        boolean identical = alone.weights().equals(network.weights());
        output.say(
                String.format(
                        Locale.ROOT,
                        "%nHeld out: %.2f %% right (wanted %.0f %%), F1 %.4f, loss %.4f",
                        100 * accuracy,
                        100 * plan.wanted(),
                        judged.value(Metrics.EVAL_F1).orElse(0),
                        judged.value(Metrics.EVAL_LOSS).orElse(0)));
        output.say(
                String.format(
                        Locale.ROOT,
                        "%d steps of %d %s over %d workers in %.1f s with %s of tensors sent; in"
                                + " one process in %.1f s",
                        plan.steps(),
                        plan.rows(),
                        plan.unit(),
                        WORKERS,
                        network.seconds(),
                        Sizes.bytes(network.bytes()),
                        alone.seconds()));
        output.say("  weights  network     " + network.weights().hex());
        output.say("           one process " + alone.weights().hex());
        output.say("  bit-identical: " + (identical ? "yes" : "no"));
        if (keep != null) {
            output.say("kept in " + keep);
        }
        output.tell(result(plan, network, alone, identical));
        return (good && identical ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    private static Map<String, Object> result(
            Plan plan, Outcome network, Outcome alone, boolean identical) {
        var result = new LinkedHashMap<String, Object>();
        result.put("parameters", plan.model().parameterCount());
        result.put("steps", plan.steps());
        result.put("workers", WORKERS);
        var judged = judged(network.end());
        judged.value(Metrics.EVAL_ACCURACY).ifPresent(it -> result.put("heldOutAccuracy", it));
        judged.value(Metrics.EVAL_F1).ifPresent(it -> result.put("heldOutF1", it));
        judged.value(Metrics.EVAL_LOSS).ifPresent(it -> result.put("heldOutLoss", it));
        result.put("seconds", network.seconds());
        result.put("bytesSent", network.bytes());
        result.put("singleProcessSeconds", alone.seconds());
        result.put("bitIdentical", identical);
        result.put("weights", network.weights().hex());
        return result;
    }

    private static Metrics judged(TrainerState end) {
        return end.history().stream()
                .filter(it -> it.value(Metrics.EVAL_LOSS).isPresent())
                .reduce((_, later) -> later)
                .orElseThrow();
    }

    /**
     * What a run came to.
     *
     * @param seconds of the steps and judgements, not of starting
     * @param bytes that stages sent to each other
     */
    private record Outcome(TrainerState end, double seconds, long bytes, Digest weights) {}

    private Outcome overNetwork(String name, Plan plan, Path folder)
            throws IOException, InterruptedException {
        try (var network = ProcessNetwork.start(name, new ProcessNetwork.Plan(WORKERS, 1, 0, 0));
                var user = UserNode.join(network.network())) {
            var options =
                    JobOptions.training()
                            .workers(WORKERS)
                            .batch(plan.rows(), plan.length())
                            .microBatches(MICRO_BATCHES);
            try (var model =
                            user.createDistributedModel(
                                    plan.model(), options, new JobConsole(output));
                    var metrics = new MetricsLog(folder.resolve(MetricsLog.NAME));
                    var console =
                            new TrainingConsole(
                                    output,
                                    plan.steps(),
                                    plan.pace(),
                                    () -> model.report().stages())) {
                long begun = scheduler.nanoTime();
                var end =
                        trainer(plan, Trainee.of(model))
                                .evaluating(plan.data().heldOut())
                                .with(metrics)
                                .with(console)
                                .train();
                double seconds = (scheduler.nanoTime() - begun) / 1e9;
                if (keep != null) {
                    model.save(keep);
                }
                long bytes =
                        model.bytesOnTheWire()
                                + model.report().stages().stream()
                                        .mapToLong(stage -> stage.times().bytesSent())
                                        .sum();
                return new Outcome(end, seconds, bytes, model.weightsDigest());
            }
        }
    }

    private Outcome alone(Plan plan) throws IOException, InterruptedException {
        try (var engine = TorchEngine.open();
                var run =
                        LocalRun.open(
                                engine,
                                plan.model(),
                                1,
                                StageOptions.forTraining(threads(engine.profile())))) {
            long begun = scheduler.nanoTime();
            var end = trainer(plan, Trainee.of(run, plan.model(), MICRO_BATCHES)).train();
            double seconds = (scheduler.nanoTime() - begun) / 1e9;
            return new Outcome(end, seconds, 0, run.weightsDigest());
        }
    }

    /** As many threads as the workers had together, where their number does not change bits. */
    private static int threads(ExecutionProfile profile) {
        return switch (profile.threads()) {
            case ANY -> Math.min(WORKERS, Runtime.getRuntime().availableProcessors());
            case SAME -> 1;
        };
    }

    private Trainer<Batch> trainer(Plan plan, Trainee<Batch> trainee) {
        var rate =
                new LearningRateSchedule.Linear(Math.round(WARM_UP * plan.steps()), plan.steps());
        var options =
                TrainerOptions.of(
                                new TrainerOptions.Length.Steps(plan.steps()),
                                plan.rows(),
                                step -> AdamW.lr(plan.learningRate() * rate.factor(step - 1)))
                        .evaluateEvery(Math.ceilDiv(plan.steps(), plan.judgements()));
        return new Trainer<>(trainee, plan.data().training(), options, scheduler);
    }
}
