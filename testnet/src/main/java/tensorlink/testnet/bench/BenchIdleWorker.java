package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.Home;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.NodeProcess;

/** The processor time of a worker that nobody wants anything of, and of its process in reserve. */
@Command(
        name = "idle-worker",
        description = "Processor time of an idle worker, against 0.5 %% of a core.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench idle-worker --seconds 60 -o json")
final class BenchIdleWorker implements Callable<Integer> {
    private static final double SHARE_MAX = 0.005;

    @Mixin private Output output = new Output();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "60",
            description = "for how long to count; as long passes before")
    private int seconds;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--seconds", seconds, 1, 3600);
        var result = new LinkedHashMap<String, Object>();
        var folder = Files.createTempDirectory("tensorlink-bench-");
        try (var founding =
                        NodeProcess.launch(
                                "validator",
                                folder.resolve("validator"),
                                List.of("--network", "idle", "--role", "validator"));
                var validator = founding.awaitReady()) {
            var seed = validator.info().fullAddresses().getFirst().toString();
            for (var isolation : List.of("none", "process")) {
                try (var joining =
                                NodeProcess.launch(
                                        isolation,
                                        folder.resolve(isolation),
                                        List.of(
                                                "--network",
                                                "idle",
                                                "--role",
                                                "worker",
                                                "--isolation",
                                                isolation,
                                                "--bootstrap",
                                                seed));
                        var worker = joining.awaitReady()) {
                    double share = share(worker.handle());
                    output.say(
                            String.format(
                                    Locale.ROOT,
                                    "an idle worker, isolation %s: %.2f %% of a core; %.2f of"
                                            + " 0.5 %%",
                                    isolation,
                                    100 * share,
                                    share / SHARE_MAX));
                    result.put(isolation, share);
                }
            }
        } finally {
            Home.delete(folder);
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    /** What the process and its children take of a core. */
    private double share(ProcessHandle process) throws InterruptedException {
        scheduler.sleep(Duration.ofSeconds(seconds));
        long begun = scheduler.nanoTime();
        var before = processorTime(process);
        scheduler.sleep(Duration.ofSeconds(seconds));
        var taken = processorTime(process).minus(before);
        return (double) taken.toNanos() / (scheduler.nanoTime() - begun);
    }

    private static Duration processorTime(ProcessHandle process) {
        return Stream.concat(Stream.of(process), process.descendants())
                .map(each -> each.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }
}
