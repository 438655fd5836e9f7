package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** What npm installs for the tests of our contract: its compiler, and a chain. */
final class ContractTools {
    static final Path FOLDER = Path.of("contracts").toAbsolutePath();

    private static final String ADVICE =
            "%s is missing: run 'npm ci --ignore-scripts' in ledger/contracts";

    private ContractTools() {}

    /**
     * The tool at this path; where it is missing the test fails in CI, and is aborted elsewhere.
     */
    static Path require(String path) {
        return require(path, "true".equals(System.getenv("CI")));
    }

    static Path require(String path, boolean isCi) {
        var tool = FOLDER.resolve("node_modules").resolve(path);
        if (isCi) {
            assertThat(tool).as(ADVICE, tool).exists();
        }
        assumeTrue(Files.exists(tool), () -> ADVICE.formatted(tool));
        return tool;
    }
}
