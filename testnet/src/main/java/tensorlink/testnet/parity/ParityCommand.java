package tensorlink.testnet.parity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
import tensorlink.node.DeviceChoice;
import tensorlink.node.DeviceWish;
import tensorlink.node.Home;
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
        footer = {
            "  tensorlink parity compute/src/test/resources/parity/llama --stages 2",
            "  tensorlink parity compute/src/test/resources/parity --stages 2 --network",
            "  tensorlink parity compute/src/test/resources/parity --device cuda"
        })
public final class ParityCommand implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Parameters(
            paramLabel = "FOLDER",
            description =
                    "a checkpoint with golden.safetensors, as"
                            + " compute/src/test/parity/make_goldens.py writes, or a folder of"
                            + " such")
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

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description =
                    "cpu, or cuda or cuda:N: a card, after the processor in the same run, with the"
                            + " kernels that runtime use has chosen")
    private String device = "cpu";

    @Option(
            names = "--home",
            paramLabel = "FOLDER",
            description =
                    "the home whose kernels compute on a card; ~/.local/share/tensorlink unless"
                            + " said")
    private @Nullable Path home;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!Files.isDirectory(folder)) {
            throw new UsageException(folder + " is not a folder");
        }
        var checkpoints = checkpoints();
        var wish = wish();
        boolean passes = true;
        var results = new ArrayList<Map<String, Object>>();
        // What cannot be opened is told before anything is measured.
        try (Engine processor = TorchEngine.open();
                Engine card = wish.isEmpty() ? null : DeviceChoice.open(wish.get(), here())) {
            for (var checkpoint : checkpoints) {
                passes &= compare(checkpoint, processor, "cpu", results);
                if (card != null) {
                    passes &= compare(checkpoint, card, device, results);
                }
            }
        }
        if (results.size() == 1) {
            output.tell(results.getFirst());
        } else {
            output.say(
                    checkpoints.size() + " checkpoints: " + (passes ? "all pass" : "NOT ALL PASS"));
            output.tell(Map.of("checkpoints", results, "passes", passes));
        }
        return (passes ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    /** The card that is asked for, besides the processor. */
    private Optional<DeviceWish> wish() {
        try {
            var wish = DeviceWish.parse(device);
            return wish.kind() == DeviceWish.Kind.CPU ? Optional.empty() : Optional.of(wish);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--device: " + wrong.getMessage());
        }
    }

    private Home here() {
        return home == null
                ? Home.ofUser(System.getenv(), Path.of(System.getProperty("user.home")))
                : Home.at(home);
    }

    private boolean compare(
            Path checkpoint, Engine engine, String on, List<Map<String, Object>> results)
            throws IOException, InterruptedException {
        var report = measure(checkpoint, engine);
        show(checkpoint, on, report);
        results.add(result(checkpoint, on, report));
        return report.passes();
    }

    /** The folder itself, or those in it that have results. */
    private List<Path> checkpoints() throws IOException {
        if (Files.exists(folder.resolve("config.json"))) {
            return List.of(folder);
        }
        var found = new ArrayList<Path>();
        try (var children = Files.newDirectoryStream(folder)) {
            for (var child : children) {
                if (Files.exists(child.resolve("golden.safetensors"))) {
                    found.add(child);
                }
            }
        }
        if (found.isEmpty()) {
            throw new UsageException(folder + " has no checkpoint with golden.safetensors");
        }
        Collections.sort(found);
        return found;
    }

    private ParityReport measure(Path checkpoint, Engine engine)
            throws IOException, InterruptedException {
        var model = Model.load(checkpoint);
        int layers = model.architecture().layers();
        if (stages < 1 || stages > layers) {
            throw new UsageException(
                    "--stages " + stages + ": the model has " + layers + " layers");
        }
        var golden = Golden.open(checkpoint, model.architecture());
        try (var alone = LocalRun.open(engine, model, 1, StageOptions.forTraining(threads))) {
            return network
                    ? overNetwork(golden, model, engine, alone)
                    : inProcess(golden, model, engine, alone);
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
        var inputs = golden.inputs();
        int length =
                model.architecture().causal()
                        ? Math.max(inputs.length(), golden.greedy().size())
                        : inputs.length();
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

    private void show(Path checkpoint, String on, ParityReport report) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%s in %d stage%s%s%s",
                        checkpoint,
                        stages,
                        stages == 1 ? "" : "s",
                        network ? ", over loopback workers" : "",
                        on.equals("cpu") ? "" : ", on " + on));
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
    }

    private Map<String, Object> result(Path checkpoint, String on, ParityReport report) {
        var result = new LinkedHashMap<String, Object>();
        result.put("folder", checkpoint.toString());
        result.put("stages", stages);
        result.put("network", network);
        result.put("device", on);
        result.put("logits", report.logits());
        result.put("loss", report.loss());
        result.put("gradients", report.gradients());
        result.put("worstGradient", report.worstGradient());
        result.put("adamw", report.adamw());
        result.put("greedy", report.greedy());
        result.put("bitEqualToOneStage", report.bitEqualToOneStage());
        result.put("passes", report.passes());
        return result;
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
