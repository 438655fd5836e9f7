package tensorlink.node.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.training.Metrics;
import tensorlink.jobs.training.MetricsLog;
import tensorlink.node.chart.Chart;

/** The curves of a run: loss, accuracy, learning rate, norm of the gradients. */
public final class Curves {
    private static final List<List<String>> PANELS =
            List.of(
                    List.of(Metrics.LOSS, Metrics.EVAL_LOSS),
                    List.of(Metrics.EVAL_ACCURACY, Metrics.EVAL_F1),
                    List.of(Metrics.LEARNING_RATE),
                    List.of(Metrics.GRADIENT_NORM));

    private Curves() {}

    /**
     * Draws what a run has logged.
     *
     * @param metrics a {@code metrics.jsonl}, also of other programs
     * @param file where to: SVG if its name ends so, else PNG
     * @return how many lines of {@code metrics} there were; 0, and no file, if none can be drawn
     */
    public static int draw(String title, Path metrics, Path file)
            throws IOException, InterruptedException {
        var history = MetricsLog.read(metrics);
        var chart = chart(title, history);
        if (chart.panels().isEmpty()) {
            return 0;
        }
        boolean svg = file.toString().toLowerCase(Locale.ROOT).endsWith(".svg");
        AtomicFile.write(file, svg ? chart.svg().getBytes(StandardCharsets.UTF_8) : chart.png());
        return history.size();
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
