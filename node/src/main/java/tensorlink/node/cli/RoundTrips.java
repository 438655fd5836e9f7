package tensorlink.node.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The answers to a number of pings, as ping(8) sums them up. Pure; for one thread. */
final class RoundTrips {
    private final List<Double> millis = new ArrayList<>();
    private int sent;

    void answered(Duration roundTrip) {
        sent++;
        millis.add(roundTrip.toNanos() / 1e6);
    }

    void unanswered() {
        sent++;
    }

    int sent() {
        return sent;
    }

    boolean isEmpty() {
        return millis.isEmpty();
    }

    private double quantile(double share) {
        var sorted = millis.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }

    /** The last lines for people. */
    List<String> lines(String whom) {
        var lines = new ArrayList<String>();
        lines.add("--- " + whom + " ---");
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%d sent, %d answered, %.0f%% lost",
                        sent,
                        millis.size(),
                        sent == 0 ? 0 : 100.0 * (sent - millis.size()) / sent));
        if (!millis.isEmpty()) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "round trip min/avg/max/p50/p99 = %.3f/%.3f/%.3f/%.3f/%.3f ms",
                            quantile(0),
                            average(),
                            quantile(1),
                            quantile(0.5),
                            quantile(0.99)));
        }
        return lines;
    }

    private double average() {
        return millis.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    /** The same for programs. */
    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("sent", sent);
        json.put("answered", millis.size());
        if (!millis.isEmpty()) {
            json.put("minMillis", quantile(0));
            json.put("averageMillis", average());
            json.put("maxMillis", quantile(1));
            json.put("p50Millis", quantile(0.5));
            json.put("p99Millis", quantile(0.99));
        }
        return json;
    }
}
