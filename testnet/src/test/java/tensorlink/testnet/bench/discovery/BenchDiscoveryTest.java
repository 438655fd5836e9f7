package tensorlink.testnet.bench.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.node.cli.CommandLineProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real thing with small amounts, without js. */
@ResourceLock(Resources.SYSTEM_OUT)
@Timeout(180)
class BenchDiscoveryTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int USAGE = 2;

    @Test
    void a_small_run_measures_every_row() {
        var result =
                run(
                        0,
                        "--no-js",
                        "--nodes=4",
                        "--joins=2",
                        "--peers=6",
                        "--keys=6",
                        "--batch=2",
                        "--lone=3",
                        "--messages=20",
                        "--known=300");

        var figures = result.path("figures");
        for (var figure :
                List.of(
                        JoinTask.JOIN,
                        JoinTask.PING,
                        "join.ofPing",
                        CrowdTask.GET,
                        CrowdTask.STORE,
                        CrowdTask.HOLDERS,
                        CrowdTask.LONE_GET,
                        CrowdTask.LONE_STORE,
                        GossipTask.OURS + GossipTask.MEDIAN,
                        GossipTask.OURS + GossipTask.TAIL,
                        KnownTask.SAID,
                        KnownTask.TABLE_PEERS,
                        KnownTask.LOOKUP,
                        KnownTask.QUESTIONS)) {
            assertThat(figures.path(figure).path("p50").asDouble())
                    .as("%s in %s", figure, figures)
                    .isPositive();
        }
        // Of a few peers less than what the heap gives back meanwhile.
        assertThat(figures.path(KnownTask.STORE).path("count").asInt()).isEqualTo(1);
        assertThat(figures.path(JoinTask.JOIN).path("count").asInt()).isEqualTo(2);
        assertThat(figures.path(CrowdTask.LONE_GET).path("count").asInt()).isEqualTo(3);
        assertThat(figures.path(CrowdTask.GET).path("count").asInt()).as("batches").isEqualTo(3);
        assertThat(result.path("goals").size()).isEqualTo(3);
        assertThat(result.path("goals").get(0).path("measured").isNull()).isTrue();
        assertThat(result.path("goals").get(1).path("measured").isNull()).isFalse();
    }

    @Test
    void amounts_out_of_range_are_refused() {
        assertThat(run(USAGE, "--peers", "1").path("error").path("message").asString())
                .contains("--peers 1: must be 2 to 4096");
        assertThat(run(USAGE, "--only", "leave").path("error").path("message").asString())
                .contains("join, crowd, gossip, known");
    }

    /** What the program says when it ends with {@code status}. */
    private static JsonNode run(int status, String... options) {
        var arguments =
                new ArrayList<>(List.of("bench", "discovery", "-o", "json", "--no-progress"));
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
