package tensorlink.node.cli;

import java.time.Duration;
import tensorlink.p2p.core.Scheduler;

/**
 * A line that is written over while something goes on, where there is a terminal; elsewhere a line
 * every few seconds, so that log files stay readable.
 */
public final class ProgressLine implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private final Output output;
    private final Scheduler scheduler;
    private long last;
    private int width;

    public ProgressLine(Output output, Scheduler scheduler) {
        this.output = output;
        this.scheduler = scheduler;
        this.last = scheduler.nanoTime() - INTERVAL.toNanos();
    }

    /** Shows {@code line}; {@code important} lines are shown even where lines are rationed. */
    public void show(String line, boolean important) {
        if (output.json() || !output.progress()) {
            return;
        }
        if (output.interactive()) {
            int padding = Math.max(0, width - line.length());
            output.out().print("\r" + line + " ".repeat(padding));
            output.out().flush();
            width = line.length();
            return;
        }
        long now = scheduler.nanoTime();
        if (important || now - last >= INTERVAL.toNanos()) {
            last = now;
            output.out().println(line);
        }
    }

    /** Leaves the line as it is and goes to the next. */
    @Override
    public void close() {
        if (output.interactive() && width > 0) {
            output.out().println();
            width = 0;
        }
    }
}
