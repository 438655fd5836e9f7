package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo as a person starts it: processes, JSON, and nothing left behind. */
@Timeout(180)
class DemoTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir private Path temporary;

    @Test
    void a_network_of_processes_learns_pays_and_leaves_nothing_behind() throws Exception {
        var demo = start("--steps", "12", "--workers", "3", "--seed", "4", "-o", "json");
        var lines = demo.inputReader(StandardCharsets.UTF_8).lines().toList();

        assertThat(demo.waitFor()).as(lines.toString()).isZero();
        var result = JSON.readTree(lines.getLast());
        assertThat(result.path("steps").asInt()).isEqualTo(12);
        assertThat(result.path("workers").asInt()).isEqualTo(3);
        assertThat(number(result, "firstLoss")).isBetween(5.4, 5.8);
        assertThat(number(result, "lastLoss")).isLessThan(number(result, "firstLoss") - 1);
        assertThat(number(result, "heldOutLoss")).isLessThan(number(result, "firstLoss") - 1);
        assertThat(number(result, "unigramEntropy")).isBetween(2.0, 4.0);
        assertThat(result.path("bitIdentical").asBoolean()).isTrue();
        assertThat(number(result, "tokensPerSecond")).isPositive();
        assertThat(number(result, "singleProcessTokensPerSecond")).isPositive();
        assertThat(number(result, "seconds")).isPositive();
        assertThat(result.path("sample").asString()).startsWith("    /** Returns ");
        assertThat(result.path("settled").asBoolean()).isTrue();
        assertThat(files(temporary)).isEmpty();
    }

    @Test
    void an_interrupted_demo_stops_its_processes_and_deletes_their_files() throws Exception {
        var demo = start("--steps", "100000", "-o", "json");
        List<ProcessHandle> children;
        try (var output = demo.inputReader(StandardCharsets.UTF_8)) {
            var line = output.readLine();
            while (line != null && !line.contains("\"step\"")) {
                line = output.readLine();
            }
            assertThat(line).as("a line of progress").isNotNull();
            children = demo.toHandle().descendants().toList();
            demo.toHandle().destroy();
            while (output.readLine() != null) {
                // It says that it stops.
            }
        }

        assertThat(demo.waitFor()).isNotZero();
        assertThat(children).hasSize(3);
        for (var child : children) {
            child.onExit().join();
        }
        assertThat(files(temporary)).isEmpty();
    }

    private Process start(String... arguments) throws IOException {
        var verb = new ArrayList<>(List.of("demo"));
        verb.addAll(List.of(arguments));
        return JavaProcess.builder(List.of("-Djava.io.tmpdir=" + temporary), verb)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static double number(JsonNode result, String field) {
        assertThat(result.path(field).isNumber()).as(field).isTrue();
        return result.path(field).asDouble();
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }
}
