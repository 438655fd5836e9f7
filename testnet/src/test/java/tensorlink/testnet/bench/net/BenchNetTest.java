package tensorlink.testnet.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.node.cli.CommandLineProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real thing with small amounts: two processes, every row. */
@ResourceLock(Resources.SYSTEM_OUT)
class BenchNetTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int USAGE = 2;

    @Test
    void a_small_run_measures_every_row_in_every_round() {
        var result =
                run(
                        0,
                        "--no-js",
                        "--awake",
                        "--rounds=2",
                        "--bytes=400000",
                        "--streams=30",
                        "--idle=4",
                        "--only=throughput,bulk,ping,connections,streams,idle,stripes");

        assertThat(result.path("rounds").asInt()).isEqualTo(2);
        assertThat(result.path("notMeasured").isEmpty()).as("%s", result).isTrue();
        var samples = result.path("samples");
        for (var carrier : List.of("tcp", "netty-tls", "netty-quic", "noise", "tls", "quic")) {
            assertPositive(samples.path(carrier + ".megabytesPerSecond"), 2);
        }
        for (var carrier : List.of("noise", "tls", "quic")) {
            for (var figure :
                    List.of(
                            "pingMicros50",
                            "pingMicros99",
                            "connectionsPerSecond",
                            "streamsPerSecond",
                            "eagerStreamsPerSecond",
                            "bulkOneMegabytesPerSecond",
                            "bulkFourMegabytesPerSecond",
                            "bulkPingMillis99",
                            "stripes1MegabytesPerSecond",
                            "stripes2MegabytesPerSecond",
                            "stripes4MegabytesPerSecond")) {
                assertPositive(samples.path(carrier + "." + figure), 2);
            }
            assertPositive(samples.path(carrier + ".idleConnections"), 1);
        }
        assertThat(result.path("medians").path("noise.idleConnections").asInt()).isEqualTo(4);
        assertThat(result.path("goals").size()).isEqualTo(Goals.all().size());
        for (var goal : result.path("goals")) {
            boolean isLeftOut =
                    goal.path("of").asString("").startsWith("js-")
                            || goal.path("figure").asString().contains(".slow");
            assertThat(goal.path("measured").isNull()).as("%s", goal).isEqualTo(isLeftOut);
        }
        assertThat(result.path("machine").path("cores").asInt()).isPositive();
        assertThat(result.path("machine").path("isAwake").asBoolean()).isTrue();
    }

    @Test
    void a_row_that_does_not_exist_is_refused_with_those_that_do() {
        var result = run(USAGE, "--only", "throughputs");

        assertThat(result.path("error").path("message").asString())
                .contains("throughputs")
                .contains("throughput, bulk, slow, ping, connections, streams, idle, stripes");
    }

    @Test
    void amounts_out_of_range_are_refused() {
        assertThat(run(USAGE, "--rounds", "0").path("error").path("message").asString())
                .contains("--rounds 0: must be 1 to 1000");
        assertThat(run(USAGE, "--bytes", "999").path("error").path("message").asString())
                .contains("--bytes 999: must be at least 1000");
    }

    private static void assertPositive(JsonNode values, int count) {
        assertThat(values.size()).as("%s", values).isEqualTo(count);
        for (var value : values) {
            assertThat(value.asDouble()).isPositive();
        }
    }

    /** What the program says when it ends with {@code status}. */
    private static JsonNode run(int status, String... options) {
        var arguments = new ArrayList<>(List.of("bench", "net", "-o", "json", "--no-progress"));
        arguments.addAll(List.of(options));
        var out = new ByteArrayOutputStream();
        var real = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(CommandLineProgram.run(arguments.toArray(new String[0])))
                    .as("%s", out)
                    .isEqualTo(status);
        } finally {
            System.setOut(real);
        }
        return JSON.readTree(out.toString(StandardCharsets.UTF_8));
    }
}
