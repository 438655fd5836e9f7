package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.jobs.training.MetricsLog;

/** Draws the curves of a run. */
@Command(
        name = "plot",
        description = "Draw the curves of a run: loss, accuracy, learning rate.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink train plot out/run",
            "  tensorlink train plot out/run --to loss.svg",
        })
final class TrainPlot implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Parameters(
            index = "0",
            paramLabel = "RUN",
            description = "folder of a run, or its metrics.jsonl, also of other programs")
    private Path run = Path.of(".");

    @Option(
            names = "--to",
            paramLabel = "FILE",
            description =
                    "where to draw: a .png or an .svg; loss.png beside the metrics unless said")
    private @Nullable Path to;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var metrics = Files.isDirectory(run) ? run.resolve(MetricsLog.NAME) : run;
        if (!Files.exists(metrics)) {
            throw new UsageException(metrics + ": no such file; train with --run FOLDER writes it");
        }
        var file = to == null ? metrics.resolveSibling("loss.png") : to;
        var name = file.toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".png") && !name.endsWith(".svg")) {
            throw new UsageException("--to " + file + ": must end in .png or .svg");
        }
        int points =
                Curves.draw(String.valueOf(metrics.toAbsolutePath().getParent()), metrics, file);
        if (points == 0) {
            throw new UsageException(metrics + ": nothing that could be drawn is in it yet");
        }
        output.say("drawn to " + file);
        var result = new LinkedHashMap<String, Object>();
        result.put("file", file.toString());
        result.put("points", points);
        output.tell(result);
        return ExitCode.DONE.status();
    }
}
