package tensorlink.testnet.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.cuda.Driver;
import tensorlink.node.cli.CommandLineProgram;
import tools.jackson.databind.json.JsonMapper;

/** What measures a card: on the processor with small amounts, and where there is no card. */
@Timeout(180)
class BenchGpuTest {
    private static final int DATA = 7;

    @TempDir private Path folder;

    @Test
    void every_figure_is_measured_beside_what_the_device_reaches_at_best() {
        var out =
                run(
                        0,
                        "bench",
                        "gpu",
                        "--device=cpu",
                        "--hidden=64",
                        "--rows=1",
                        "--length=64",
                        "--rounds=1",
                        "-o",
                        "json");

        var result = new JsonMapper().readTree(out);
        assertThat(result.path("device").asString()).isEqualTo("cpu");
        for (var figure :
                List.of(
                        "productFlops",
                        "gradientsSeconds",
                        "gradientsOfProduct",
                        "tokensPerSecond",
                        "decodeOfMemory",
                        "writtenOfIn",
                        "readOfOut")) {
            assertThat(result.path(figure).asDouble()).as(figure).isPositive();
        }
    }

    @Test
    void without_a_card_nothing_is_measured_and_the_reason_is_told() {
        assumeThat(Driver.look()).isInstanceOf(Driver.Absent.class);
        var golden = "../compute/src/test/resources/parity/llama";

        for (var command : List.of(List.of("bench", "gpu"), List.of("parity", golden))) {
            var arguments = new ArrayList<>(command);
            arguments.add("--device=cuda:0");
            assertThat(run(DATA, arguments.toArray(new String[0])))
                    .contains("TL-DEV-001", "cannot compute on cuda:0: there is no NVIDIA driver")
                    .doesNotContain("at best", "logits");
        }
    }

    private String run(int status, String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.add("--home=" + folder);
        var out = new ByteArrayOutputStream();
        var real = System.out;
        var error = System.err;
        var into = new PrintStream(out, true, StandardCharsets.UTF_8);
        System.setOut(into);
        System.setErr(into);
        try {
            int actual = CommandLineProgram.run(all.toArray(new String[0]));
            assertThat(actual).as(out.toString(StandardCharsets.UTF_8)).isEqualTo(status);
        } finally {
            System.setOut(real);
            System.setErr(error);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
