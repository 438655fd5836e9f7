package tensorlink.testnet.parity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.parity.Parity;
import tensorlink.compute.parity.ParityReport;
import tensorlink.compute.parity.Subject;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.testnet.LocalNetwork;

/** Compares a checkpoint's results with those PyTorch gave for it. */
@Command(
        name = "parity",
        description = "Show that a node computes what PyTorch computes.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink parity parity/llama --stages 2")
public final class ParityCommand implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Parameters(
            paramLabel = "FOLDER",
            description =
                    "a checkpoint with golden.safetensors, as"
                            + " compute/src/test/parity/make_goldens.py writes")
    private Path folder = Path.of(".");

    @Option(
            names = "--stages",
            paramLabel = "N",
            defaultValue = "1",
            description = "stages to split the model into")
    private int stages;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            defaultValue = "1",
            description = "parts to cut each batch into")
    private int microBatches;

    @Option(
            names = "--network",
            description = "over workers on loopback, one per stage, instead of in this process")
    private boolean network;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "threads of each stage")
    private int threads;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!Files.isDirectory(folder)) {
            throw new UsageException(folder + " is not a folder");
        }
        var model = Model.load(folder);
        int layers = model.config().layers();
        if (stages < 1 || stages > layers) {
            throw new UsageException(
                    "--stages " + stages + ": the model has " + layers + " layers");
        }
        var golden = Golden.open(folder, model.config());
        try (Engine engine = TorchEngine.open();
                var alone = LocalRun.open(engine, model, 1, StageOptions.forTraining(threads))) {
            var report =
                    network
                            ? overNetwork(golden, model, engine, alone)
                            : inProcess(golden, model, engine, alone);
            show(report);
            return (report.passes() ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
        }
    }

    private ParityReport inProcess(Golden golden, Model model, Engine engine, LocalRun alone)
            throws IOException, InterruptedException {
        try (var run = LocalRun.open(engine, model, stages, StageOptions.forTraining(threads))) {
            return Parity.measure(
                    golden, Subject.of(run, microBatches), Subject.of(alone, microBatches));
        }
    }

    private ParityReport overNetwork(Golden golden, Model model, Engine engine, LocalRun alone)
            throws IOException, InterruptedException {
        var inputs = golden.batch().inputs();
        int length = Math.max(inputs.length(), golden.greedy().size());
        var options =
                JobOptions.training()
                        .workers(stages)
                        .batch(inputs.rows() * microBatches, length)
                        .microBatches(microBatches);
        try (var local = LocalNetwork.start("parity", stages, threads, engine);
                var distributed = local.user().createDistributedModel(model, options)) {
            return Parity.measure(
                    golden, new DistributedSubject(distributed), Subject.of(alone, microBatches));
        }
    }

    private void show(ParityReport report) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%s in %d stage%s%s",
                        folder,
                        stages,
                        stages == 1 ? "" : "s",
                        network ? ", over loopback workers" : ""));
        line("logits", report.logits(), ParityReport.LOGITS_MAX, "");
        output.say(String.format(Locale.ROOT, "  %-10s %.2e", "loss", report.loss()));
        line(
                "gradients",
                report.gradients(),
                ParityReport.GRADIENTS_MAX,
                "of the maximum, in " + report.worstGradient());
        line("adamw", report.adamw(), ParityReport.ADAMW_MAX, "");
        output.say("  greedy     " + (report.greedy() ? "identical" : "DIFFERENT"));
        output.say(
                "  losses, gradients and weights "
                        + (report.bitEqualToOneStage() ? "bit-equal" : "NOT bit-equal")
                        + " to one stage");
        report.failures().forEach(failure -> output.say("  !! " + failure));
        var result = new LinkedHashMap<String, Object>();
        result.put("folder", folder.toString());
        result.put("stages", stages);
        result.put("network", network);
        result.put("logits", report.logits());
        result.put("loss", report.loss());
        result.put("gradients", report.gradients());
        result.put("worstGradient", report.worstGradient());
        result.put("adamw", report.adamw());
        result.put("greedy", report.greedy());
        result.put("bitEqualToOneStage", report.bitEqualToOneStage());
        result.put("passes", report.passes());
        output.tell(result);
    }

    private void line(String name, double difference, double tolerance, String where) {
        output.say(
                String.format(
                                Locale.ROOT,
                                "  %-10s %.2e  (tolerance %.0e) %s",
                                name,
                                difference,
                                tolerance,
                                where)
                        .stripTrailing());
    }
}
