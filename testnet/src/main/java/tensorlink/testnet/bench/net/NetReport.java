package tensorlink.testnet.bench.net;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.Sample;
import tensorlink.testnet.bench.figures.Target;
import tensorlink.testnet.bench.figures.Target.Verdict;

/**
 * What a run is told as. Pure.
 *
 * @param absences what was not measured, each with the reason
 */
record NetReport(
        Machine machine,
        double loadAfter,
        Amounts amounts,
        int rounds,
        List<String> absences,
        Figures figures,
        List<Target> goals) {

    private static final String SPEED = ".megabytesPerSecond";

    /** In the order of the report. */
    static final List<String> CARRIERS =
            List.of(
                    "tcp",
                    "netty-tls",
                    "netty-quic",
                    "noise",
                    "tls",
                    "quic",
                    "js-noise",
                    "js-tls",
                    "js-quic");

    /** For people. */
    List<String> lines() {
        var lines = new ArrayList<String>();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%s, %d cores, %.1f GiB; %s; Java %s",
                        machine.processor(),
                        machine.cores(),
                        machine.memoryBytes() / (double) (1 << 30),
                        machine.system(),
                        machine.java()));
        lines.add(
                String.format(
                        Locale.ROOT,
                        "load %.1f before, %.1f after%s; %d rounds; median [least-most]; MB = 10^6"
                                + " bytes",
                        machine.loadBefore(),
                        loadAfter,
                        machine.isAwake() ? ", cores kept awake" : "",
                        rounds));
        for (var absence : absences) {
            lines.add(" !!  " + absence);
        }
        throughput(lines);
        others(lines);
        verdicts(lines);
        return lines;
    }

    private void throughput(List<String> lines) {
        if (CARRIERS.stream().noneMatch(carrier -> figures.find(carrier + SPEED).isPresent())) {
            return;
        }
        lines.add("");
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%-12s %-24s %12s %10s %10s",
                        "one stream",
                        "MB/s",
                        "MB per CPU-s",
                        "of TCP",
                        "of js"));
        for (var carrier : CARRIERS) {
            figures.find(carrier + SPEED)
                    .ifPresent(speed ->
                            lines.add(
                                    String.format(
                                            Locale.ROOT,
                                            "%-12s %-24s %12s %10s %10s",
                                            carrier,
                                            spread(speed),
                                            figures.find(carrier + ".megabytesPerCpuSecond")
                                                    .map(sample -> number(sample.median()))
                                                    .orElse(""),
                                            share(carrier, "tcp"),
                                            share(carrier, js(carrier)))));
        }
    }

    /** What js does in the same way. */
    private static String js(String carrier) {
        return carrier.startsWith("js-") ? carrier : "js-" + carrier;
    }

    private String share(String carrier, String other) {
        return figures.ratio(carrier + SPEED, other + SPEED)
                .map(ratio -> String.format(Locale.ROOT, "%.2f", ratio.median()))
                .orElse("");
    }

    private void others(List<String> lines) {
        var rest = new ArrayList<String>();
        figures.all()
                .forEach((name, values) -> {
                    if (!name.endsWith(SPEED) && !name.endsWith(".megabytesPerCpuSecond")) {
                        rest.add(
                                String.format(
                                        Locale.ROOT, "%-40s %s", name, spread(new Sample(values))));
                    }
                });
        if (!rest.isEmpty()) {
            lines.add("");
            lines.addAll(rest);
        }
    }

    private void verdicts(List<String> lines) {
        lines.add("");
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%-44s %-10s %-10s %s",
                        "goal",
                        "must",
                        "stretch",
                        "measured"));
        for (var goal : goals) {
            var verdict = goal.judge(figures);
            if (verdict.measured().isPresent()) {
                lines.add(
                        String.format(
                                Locale.ROOT,
                                "%-44s %-10s %-10s %-24s %s",
                                goal.name(),
                                goal.bound().sign() + " " + number(goal.must()),
                                goal.stretch().map(NetReport::number).orElse(""),
                                spread(verdict.measured().get()),
                                word(verdict)));
            }
        }
    }

    private static String word(Verdict verdict) {
        if (!verdict.isMet().orElse(false)) {
            return "missed";
        }
        return verdict.isStretchMet().orElse(false) ? "met, stretch too" : "met";
    }

    private static String spread(Sample sample) {
        return String.format(
                Locale.ROOT,
                "%s [%s-%s]",
                number(sample.median()),
                number(sample.min()),
                number(sample.max()));
    }

    private static String number(double value) {
        if (Math.abs(value) >= 100) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : "%.2f", value);
    }

    /** For programs: every value of every round, and every goal. */
    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("machine", machine.json(loadAfter));
        json.put("rounds", rounds);
        json.put("bytes", amounts.bytes());
        json.put("notMeasured", absences);
        json.put("samples", figures.all());
        var medians = new LinkedHashMap<String, Double>();
        figures.all().forEach((name, values) -> medians.put(name, new Sample(values).median()));
        json.put("medians", medians);
        json.put("goals", goals.stream().map(goal -> json(goal.judge(figures))).toList());
        return json;
    }

    private static Map<String, Object> json(Verdict verdict) {
        var goal = verdict.target();
        var json = new LinkedHashMap<String, Object>();
        json.put("name", goal.name());
        json.put("figure", goal.figure());
        json.put("of", goal.reference());
        json.put("bound", goal.bound().sign());
        json.put("must", goal.must());
        json.put("stretch", goal.stretch());
        json.put("measured", verdict.measured().map(Sample::median));
        json.put("least", verdict.measured().map(Sample::min));
        json.put("most", verdict.measured().map(Sample::max));
        json.put("isMet", verdict.isMet());
        json.put("isStretchMet", verdict.isStretchMet());
        return json;
    }
}
