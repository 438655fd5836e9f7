package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.testnet.JavaProcess;
import tensorlink.testnet.bench.MemoryCase.Architecture;
import tools.jackson.databind.json.JsonMapper;

/** What stages take at most against what was estimated; each case in a process of its own. */
@Command(
        name = "memory",
        description = "The memory that stages take, against the estimate.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench memory")
final class BenchMemory implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<Integer> ROWS = List.of(2, 8);

    /** A heap that does not grow, so that growth is native. */
    private static final List<String> STILL_HEAP =
            List.of("-Xms160m", "-Xmx160m", "-XX:+AlwaysPreTouch");

    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws IOException, InterruptedException {
        output.say("15 million parameters, 128 positions; training with 2 micro-batches in flight");
        output.say("model     what   rows   estimate       peak   peak of estimate");
        var cases = new ArrayList<Map<String, Object>>();
        for (var architecture : Architecture.values()) {
            for (var way : MemoryCase.Way.values()) {
                for (int rows : way.suits(architecture) ? ROWS : List.<Integer>of()) {
                    cases.add(measure(architecture, way, rows));
                }
            }
        }
        output.tell(Map.of("cases", cases));
        return ExitCode.DONE.status();
    }

    private Map<String, Object> measure(Architecture architecture, MemoryCase.Way way, int rows)
            throws IOException, InterruptedException {
        var process =
                JavaProcess.builder(
                                STILL_HEAP,
                                List.of(
                                        "bench",
                                        "memory-case",
                                        architecture.name(),
                                        way.name(),
                                        Integer.toString(rows),
                                        "-o",
                                        "json"))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        var told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("the case " + architecture.label() + " failed: " + told);
        }
        var answer = JSON.readTree(told);
        long estimate = answer.path("estimate").asLong();
        long peak = answer.path("peak").asLong();
        output.say(
                String.format(
                        Locale.ROOT,
                        "%-9s %-7s %3d %7.1f MiB %7.1f MiB   %.2f",
                        architecture.label(),
                        way.name().toLowerCase(Locale.ROOT),
                        rows,
                        estimate / 1048576.0,
                        peak / 1048576.0,
                        (double) peak / estimate));
        var result = new LinkedHashMap<String, Object>();
        result.put("model", architecture.label());
        result.put("way", way.name().toLowerCase(Locale.ROOT));
        result.put("rows", rows);
        result.put("estimate", estimate);
        result.put("peak", peak);
        return result;
    }
}
