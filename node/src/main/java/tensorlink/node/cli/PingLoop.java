package tensorlink.node.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import picocli.CommandLine.Option;
import tensorlink.p2p.core.Scheduler;

/** How often to ping, and what is printed of it. */
final class PingLoop {
    private static final int COUNT_MAX = 1_000_000;

    @Option(
            names = {"-c", "--count"},
            paramLabel = "N",
            defaultValue = "5",
            description = "pings to send; 0 to go on until Ctrl-C")
    private int count;

    @Option(
            names = {"-i", "--interval"},
            paramLabel = "MILLIS",
            defaultValue = "1000",
            description = "from one answer to the next ping, in milliseconds")
    private int interval;

    /** One ping. */
    @FunctionalInterface
    interface Ping {
        Duration roundTrip() throws IOException, InterruptedException;
    }

    void check() {
        UsageException.requireRange("--count", count, 0, COUNT_MAX);
        UsageException.requireRange("--interval", interval, 0, Integer.MAX_VALUE);
    }

    /** Pings, prints, and returns the exit status: done if anything was answered at all. */
    int run(String whom, Ping ping, Output output) {
        var trips = new RoundTrips();
        try {
            while (count == 0 || trips.sent() < count) {
                if (trips.sent() > 0) {
                    Scheduler.system().sleep(Duration.ofMillis(interval));
                }
                once(whom, ping, trips, output);
            }
        } catch (InterruptedException enough) {
            // Ctrl-C: what was measured so far is wanted.
        }
        trips.lines(whom).forEach(output::say);
        var result = new LinkedHashMap<String, Object>();
        result.put("peer", whom);
        result.putAll(trips.json());
        output.tell(result);
        return (trips.isEmpty() ? ExitCode.TIMEOUT : ExitCode.DONE).status();
    }

    private static void once(String whom, Ping ping, RoundTrips trips, Output output)
            throws InterruptedException {
        var event = new LinkedHashMap<String, Object>();
        event.put("event", "ping");
        try {
            var roundTrip = ping.roundTrip();
            trips.answered(roundTrip);
            double millis = roundTrip.toNanos() / 1e6;
            if (output.progress()) {
                output.say(
                        String.format(
                                Locale.ROOT,
                                "answer from %s: seq=%d time=%.3f ms",
                                whom,
                                trips.sent(),
                                millis));
            }
            event.put("sequence", trips.sent());
            event.put("millis", millis);
        } catch (IOException failure) {
            trips.unanswered();
            if (output.progress()) {
                output.say(
                        "no answer from "
                                + whom
                                + ": seq="
                                + trips.sent()
                                + " "
                                + failure.getMessage());
            }
            event.put("sequence", trips.sent());
            event.put("problem", String.valueOf(failure.getMessage()));
        }
        if (output.progress()) {
            output.tell(event);
        }
    }
}
