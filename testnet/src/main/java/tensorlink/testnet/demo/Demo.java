package tensorlink.testnet.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Engine;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.Sampling;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.GenerateOptions;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.JobReport;
import tensorlink.ledger.Amount;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.JobConsole;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.Pace;
import tensorlink.node.cli.Sizes;
import tensorlink.node.cli.TrainingProgress;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.NodeProcess;
import tensorlink.testnet.ProcessNetwork;

/**
 * One validator, some workers and a user, each a process on this machine, train a small Llama from
 * scratch on real text; then the same run in one process shows that every bit is right.
 */
@Command(
        name = "demo",
        description =
                "Watch a network of processes on this machine train a model, pay for it, and get"
                        + " every bit right.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        subcommands = {DemoSpam.class, DemoDigits.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink demo --workers 2 --steps 100",
            "  tensorlink demo spam --keep spam",
            "  tensorlink demo digits",
        })
public final class Demo implements Callable<Integer> {
    private static final long PRICE = 1;
    private static final String PROMPT = "    /** Returns ";
    private static final int SAMPLE_TOKENS = 160;

    @Mixin private Output output = new Output();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "optimizer steps")
    private int steps;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "2",
            description = "worker processes, 1 to 4")
    private int workers;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of weights and batches")
    private long seed;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (workers < 1 || workers > DemoRun.LAYERS || steps < 1) {
            throw new tensorlink.node.cli.UsageException(
                    "--workers must be 1 to " + DemoRun.LAYERS + ", --steps at least 1");
        }
        long begun = scheduler.nanoTime();
        var source = SourceText.read();
        var run = DemoRun.of(source, steps, seed);
        output.say(
                String.format(
                        Locale.ROOT,
                        "Learning Java from the sources of %s (%s), %,d bytes of %s",
                        source.name(),
                        source.licence(),
                        source.text().length(),
                        source.file().getFileName()));
        output.say(
                String.format(
                        Locale.ROOT,
                        "A Llama of %,d parameters, hidden %d, %d layers, from scratch; byte"
                                + " tokens",
                        run.model().parameterCount(),
                        DemoRun.HIDDEN,
                        DemoRun.LAYERS));
        var result = new LinkedHashMap<String, Object>();
        boolean right = distributed(run, result);
        double seconds = (scheduler.nanoTime() - begun) / 1e9;
        output.say(String.format(Locale.ROOT, "Done in %.1f s.", seconds));
        result.put("seconds", seconds);
        output.tell(result);
        return (right ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    /** Runs the network, then the same alone; returns whether everything came out as it should. */
    private boolean distributed(DemoRun run, Map<String, Object> result)
            throws IOException, InterruptedException {
        long budget = 4 * PRICE * run.tokens() * DemoRun.LAYERS;
        var plan = new ProcessNetwork.Plan(workers, 1, PRICE, 2 * budget);
        output.say("\nStarting a validator and " + workers + " workers, each a process ...");
        try (var network = ProcessNetwork.start("demo", plan);
                var user = UserNode.join(network.network())) {
            var options =
                    JobOptions.training()
                            .workers(workers)
                            .batch(DemoRun.ROWS, 2 * DemoRun.LENGTH)
                            .microBatches(DemoRun.MICRO_BATCHES)
                            .maxPrice(Amount.of(budget));
            var model = user.createDistributedModel(run.model(), options, new JobConsole(output));
            Outcome outcome;
            try (model) {
                outcome = train(run, model);
            }
            boolean settled = settle(network, user, model.report(), result);
            showMemory(network);
            var alone = alone(run);
            boolean identical = alone.weights().equals(outcome.weights());
            output.say(
                    String.format(
                            Locale.ROOT,
                            "%nThe same run in one process of %d threads: %,.0f tok/s, last loss"
                                    + " %.4f",
                            threads(alone.profile()),
                            alone.tokensPerSecond(),
                            alone.lastLoss()));
            output.say("  weights  network     " + outcome.weights().hex());
            output.say("           one process " + alone.weights().hex());
            output.say("  bit-identical: " + (identical ? "yes" : "no"));
            double entropy = run.data().heldOut().unigramEntropy();
            result.put("steps", steps);
            result.put("workers", workers);
            result.put("seed", seed);
            result.put("parameters", run.model().parameterCount());
            result.put("firstLoss", outcome.firstLoss());
            result.put("lastLoss", outcome.lastLoss());
            result.put("heldOutLoss", outcome.heldOutLoss());
            result.put("unigramEntropy", entropy);
            result.put("bitIdentical", identical);
            result.put("weights", outcome.weights().hex());
            result.put("tokensPerSecond", outcome.tokensPerSecond());
            result.put("singleProcessTokensPerSecond", alone.tokensPerSecond());
            result.put("sample", outcome.sample());
            result.put("settled", settled);
            return identical && settled;
        }
    }

    private record Outcome(
            float firstLoss,
            float lastLoss,
            double heldOutLoss,
            double tokensPerSecond,
            String sample,
            tensorlink.compute.Digest weights) {}

    private Outcome train(DemoRun run, DistributedModel model)
            throws IOException, InterruptedException {
        float first = 0;
        float last = 0;
        double speed;
        var optimizer = model.optimizer(run.rule(1));
        var pace = Pace.tokens((long) DemoRun.ROWS * DemoRun.LENGTH);
        try (var progress = new TrainingProgress(output, scheduler, steps, pace)) {
            for (int step = 1; step <= steps; step++) {
                var batch = run.batch(step);
                optimizer.zeroGrad();
                var loss = model.forward(batch.inputs(), batch.labels());
                loss.backward();
                optimizer.use(run.rule(step));
                optimizer.step();
                last = loss.value();
                first = step == 1 ? last : first;
                progress.step(step, last, model.report().stages());
            }
            speed = progress.perSecond();
        }
        model.eval();
        var batches = run.heldOut();
        double heldOut = 0;
        for (var batch : batches) {
            heldOut += model.forward(batch.inputs(), batch.labels()).value() / batches.size();
        }
        var sample = sample(run, model);
        output.say(
                String.format(
                        Locale.ROOT,
                        "%nLoss %.4f -> %.4f at %,.0f tok/s; on text it has not seen %.4f"
                                + " (unigram entropy of that text: %.4f)",
                        first,
                        last,
                        speed,
                        heldOut,
                        run.data().heldOut().unigramEntropy()));
        output.say("It continues \"" + PROMPT.strip() + "\" so:");
        sample.lines().forEach(line -> output.say("  | " + line));
        return new Outcome(first, last, heldOut, speed, sample, model.weightsDigest());
    }

    private String sample(DemoRun run, DistributedModel model)
            throws IOException, InterruptedException {
        var tokenizer = run.model().tokenizer().orElseThrow();
        var prompt = tokenizer.encode(PROMPT);
        var options =
                new GenerateOptions(
                        Math.min(SAMPLE_TOKENS, 2 * DemoRun.LENGTH - prompt.size()),
                        Sampling.seeded(0.7f, seed),
                        List.of());
        return PROMPT + tokenizer.decode(model.generate(prompt, options, _ -> {}));
    }

    /** Shows who did what and what the ledger has paid for it. */
    private boolean settle(
            ProcessNetwork network, UserNode user, JobReport report, Map<String, Object> result)
            throws IOException, InterruptedException {
        output.say(
                "\nWho computed what, and was paid (credits per token and layer: " + PRICE + ")");
        var paid = new ArrayList<Map<String, Object>>();
        boolean settled = true;
        for (int stage = 0; stage < report.stages().size(); stage++) {
            var of = report.stages().get(stage);
            var redeemed =
                    user.node().jobs().redeemed(network.validator().info().id(), of.account());
            settled &= !redeemed.isZero() && redeemed.equals(of.paid());
            output.say(
                    String.format(
                            Locale.ROOT,
                            "  stage %d  %s  %s: receipt %,d units, voucher %,d, settled %,d",
                            stage,
                            of.layers(),
                            of.worker().shortText(),
                            of.units(),
                            of.paid().value(),
                            redeemed.value()));
            var facts = new LinkedHashMap<String, Object>();
            facts.put("stage", stage);
            facts.put("worker", of.worker().toString());
            facts.put("layers", of.layers().toString());
            facts.put("units", of.units());
            facts.put("promised", of.paid().value());
            facts.put("settled", redeemed.value());
            paid.add(facts);
        }
        output.say("  job " + report.job() + " is " + report.state().label() + " on the ledger");
        result.put("settlement", paid);
        return settled;
    }

    private void showMemory(ProcessNetwork network) {
        output.say("\nPeak memory");
        say("user", NodeProcess.peakMemory(ProcessHandle.current().pid()));
        say("validator", network.validator().peakMemory());
        network.workers().forEach(worker -> say(worker.name(), worker.peakMemory()));
    }

    private void say(String name, OptionalLong bytes) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "  %-10s %s",
                        name,
                        bytes.isPresent() ? Sizes.bytes(bytes.getAsLong()) : "not told here"));
    }

    private record Alone(
            tensorlink.compute.Digest weights,
            float lastLoss,
            double tokensPerSecond,
            ExecutionProfile profile) {}

    private Alone alone(DemoRun run) throws IOException, InterruptedException {
        try (Engine engine = TorchEngine.open()) {
            var alone = run.alone(engine, threads(engine.profile()), scheduler);
            return new Alone(
                    alone.weights(), alone.lastLoss(), alone.tokensPerSecond(), engine.profile());
        }
    }

    /** As many threads as the workers had together, where their number does not change bits. */
    private int threads(ExecutionProfile profile) {
        return switch (profile.threads()) {
            case ANY -> Math.min(workers, Runtime.getRuntime().availableProcessors());
            case SAME -> 1;
        };
    }
}
