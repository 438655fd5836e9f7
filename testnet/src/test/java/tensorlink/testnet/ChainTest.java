package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A job that is paid on a chain, as a person starts it. */
@Tag("interop")
@Timeout(180)
class ChainTest {
    private static final Path ANVIL =
            Path.of("../ledger/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
                    .toAbsolutePath()
                    .normalize();

    @TempDir private Path folder;

    @Test
    void everybody_owns_the_same_whether_the_ledger_is_a_file_or_a_contract() throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");

        var run =
                Program.run(folder, "testnet", "chain", "--anvil", ANVIL.toString(), "-o", "json");

        var result = run.values().getLast();
        assertThat(run.status()).as(result.toString()).isZero();
        assertThat(result.path("settled").asBoolean()).isTrue();
        assertThat(result.path("equal").asBoolean()).isTrue();
        assertThat(result.path("standings").path("worker 3").get(0).asLong()).isPositive();
    }

    @Test
    void a_chain_that_is_missing_is_said_to_be() throws Exception {
        var run = Program.run(folder, "testnet", "chain", "--anvil", "nowhere", "-o", "json");

        assertThat(run.status()).isNotZero();
    }
}
