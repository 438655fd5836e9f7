package tensorlink.node.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.training.Metrics;
import tensorlink.jobs.training.MetricsLog;
import tensorlink.node.chart.Chart;

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
    private static final List<List<String>> PANELS =
            List.of(
                    List.of(Metrics.LOSS, Metrics.EVAL_LOSS),
                    List.of(Metrics.EVAL_ACCURACY, Metrics.EVAL_F1),
                    List.of(Metrics.LEARNING_RATE),
                    List.of(Metrics.GRADIENT_NORM));

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
        var history = MetricsLog.read(metrics);
        var chart = chart(String.valueOf(metrics.toAbsolutePath().getParent()), history);
        if (chart.panels().isEmpty()) {
            throw new UsageException(metrics + ": nothing that could be drawn is in it yet");
        }
        AtomicFile.write(
                file,
                name.endsWith(".svg") ? chart.svg().getBytes(StandardCharsets.UTF_8) : chart.png());
        output.say("drawn to " + file);
        var result = new LinkedHashMap<String, Object>();
        result.put("file", file.toString());
        result.put("points", history.size());
        output.tell(result);
        return ExitCode.DONE.status();
    }

    /** What is known goes into the chart; a panel of which nothing is known stays away. */
    static Chart chart(String title, List<Metrics> history) {
        var panels = new ArrayList<Chart.Panel>();
        for (var names : PANELS) {
            var lines = new ArrayList<Chart.Series>();
            for (var name : names) {
                var points = new ArrayList<Chart.Point>();
                for (var metrics : history) {
                    metrics.value(name)
                            .ifPresent(y -> points.add(new Chart.Point(metrics.step(), y)));
                }
                var line = new Chart.Series(name, points);
                if (!line.points().isEmpty()) {
                    lines.add(line);
                }
            }
            if (!lines.isEmpty()) {
                panels.add(new Chart.Panel(lines));
            }
        }
        return new Chart(title, "step", panels);
    }
}
