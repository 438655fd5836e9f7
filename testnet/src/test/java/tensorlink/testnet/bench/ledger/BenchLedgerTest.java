package tensorlink.testnet.bench.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.node.cli.CommandLineProgram;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.SmartnodesDouble;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real thing with small amounts. */
@ResourceLock(Resources.SYSTEM_OUT)
@Timeout(120)
class BenchLedgerTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int USAGE = 2;

    @TempDir private Path folder;

    @Test
    void a_small_run_measures_every_row_and_leaves_nothing() {
        var result =
                run(
                        0,
                        "--folder=" + folder,
                        "--rounds=2",
                        "--single=5",
                        "--grouped=20",
                        "--checks=10");

        for (var figure :
                List.of(
                        LedgerTask.SINGLE,
                        LedgerTask.RAW_SINGLE,
                        LedgerTask.GROUPED,
                        LedgerTask.RAW_ONCE,
                        LedgerTask.CHECKS)) {
            var rounds = result.path("figures").path(figure);
            assertThat(rounds.size()).as("%s in %s", figure, result).isEqualTo(2);
            assertThat(rounds.get(0).asDouble()).as(figure).isPositive();
        }
        assertThat(folder).isEmptyDirectory();
    }

    /** Where the double is ours: the original contracts cost about 96,000 and 143,000. */
    @Test
    @Tag("interop")
    void a_job_costs_no_gas_on_our_contract_and_much_on_the_double() {
        var root = Path.of("..");
        var result =
                run(
                        0,
                        "--folder=" + folder,
                        "--rounds=1",
                        "--single=5",
                        "--grouped=20",
                        "--checks=10",
                        "--anvil=" + root.resolve(Anvil.PROGRAM),
                        "--smartnodes=" + root.resolve(SmartnodesDouble.CODES));

        var gas = result.path("gas");
        assertThat(gas.path(GasTask.JOB).asLong(-1)).as("%s", gas).isZero();
        assertThat(gas.path(GasTask.PAIR).asLong()).isBetween(21_000L / 50, 30_000L);
        assertThat(gas.path(GasTask.ROOT).asLong()).isBetween(21_000L, 75_000L);
        assertThat(gas.path(GasTask.CLAIM).asLong()).isBetween(21_000L, 65_000L);
        for (var bound : GasTask.BOUNDS.entrySet()) {
            assertThat(gas.path(bound.getKey()).asLong(Long.MAX_VALUE))
                    .as(bound.getKey())
                    .isLessThanOrEqualTo(bound.getValue());
            assertThat(result.path("gasBounds").path(bound.getKey()).asLong())
                    .isEqualTo(bound.getValue());
        }
        assertThat(gas.path(GasTask.SMARTNODES_JOB).asLong()).isGreaterThan(21_000);
        assertThat(gas.path(GasTask.SMARTNODES_CLAIM).asLong()).isGreaterThan(21_000);
    }

    @Test
    void amounts_out_of_range_are_refused() {
        assertThat(run(USAGE, "--rounds", "0").path("error").path("message").asString())
                .contains("--rounds 0: must be 1 to 100");
    }

    /** What the program says when it ends with {@code status}. */
    private static JsonNode run(int status, String... options) {
        var arguments = new ArrayList<>(List.of("bench", "ledger", "-o", "json", "--no-progress"));
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
