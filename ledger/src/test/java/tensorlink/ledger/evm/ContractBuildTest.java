package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Rejection;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is deployed is what the sources say. */
class ContractBuildTest {
    private static final Path COMMITTED =
            Path.of("src/main/resources/tensorlink/ledger/evm/TensorlinkLedger.json");

    /** EIP-170: a chain refuses to deploy more. */
    private static final int CODE_BYTES_MAX = 24_576;

    @Test
    void the_committed_contract_is_what_its_sources_compile_to(@TempDir Path directory)
            throws Exception {
        assertThat(built("compile.mjs", directory)).hasSameBinaryContentAs(COMMITTED);
    }

    @Test
    void the_committed_double_is_what_its_sources_compile_to(@TempDir Path directory)
            throws Exception {
        assertThat(built("compile-double.mjs", directory))
                .hasSameBinaryContentAs(
                        Path.of("src/test/resources/contracts/SmartnodesDouble.json"));
    }

    private static Path built(String script, Path directory)
            throws IOException, InterruptedException {
        ContractTools.require("solc");
        var built = directory.resolve("built.json");
        var log = directory.resolve("log").toFile();
        var compiler =
                new ProcessBuilder("node", script, built.toString())
                        .directory(ContractTools.FOLDER.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log)
                        .start();

        assertThat(compiler.waitFor(2, TimeUnit.MINUTES)).as("the compiler ends").isTrue();
        assertThat(compiler.exitValue()).as(Files.readString(log.toPath())).isZero();
        return built;
    }

    @Test
    void each_error_of_the_contract_is_a_rejection_of_the_ledger() throws Exception {
        var names = Arrays.stream(Rejection.values()).map(Rejection::errorName).toList();

        var ours = new ArrayList<>(named("error"));
        ours.removeIf(name ->
                name.startsWith("ERC20")
                        || List.of("InvalidShortString", "StringTooLong").contains(name));

        assertThat(ours).hasSizeGreaterThan(20).isSubsetOf(names);
        assertThat(names)
                .containsAll(ours)
                .filteredOn(name -> !ours.contains(name))
                .containsExactly("TooManyOpenJobs", "BindingExpired", "BindingTooLong");
    }

    @Test
    void whoever_calls_first_after_the_deployment_cannot_set_anything() throws Exception {
        assertThat(named("function"))
                .noneMatch(name -> name.startsWith("set") || name.contains("owner"));
    }

    /**
     * Defects 4 and 8 of the Smartnodes contracts: a period that is set in the wrong unit, and
     * wiring that whoever comes first sets.
     */
    @Test
    void nothing_that_can_be_called_changes_a_period_or_the_wiring() throws Exception {
        var changing = new ArrayList<String>();
        for (var entry : contract().get("abi")) {
            if (entry.path("type").asString("").equals("function")
                    && !List.of("view", "pure").contains(entry.get("stateMutability").asString())) {
                changing.add(entry.get("name").asString());
            }
        }

        assertThat(changing)
                .containsExactlyInAnyOrder(
                        "announce",
                        "approve",
                        "cancelRoot",
                        "claim",
                        "closeJob",
                        "deposit",
                        "dispute",
                        "fund",
                        "issue",
                        "judge",
                        "lock",
                        "noticeUnstake",
                        "noticeWithdrawal",
                        "openJob",
                        "postRoot",
                        "recordAgreement",
                        "redeem",
                        "slash",
                        "stake",
                        "transfer",
                        "transferFrom",
                        "unlock",
                        "unstake",
                        "withdraw");
    }

    @Test
    void the_contract_fits_a_chain() throws Exception {
        assertThat(contract().get("codeBytes").asInt()).isBetween(1_000, CODE_BYTES_MAX);
    }

    private static List<String> named(String type) throws IOException {
        var names = new ArrayList<String>();
        for (var entry : contract().get("abi")) {
            if (entry.get("type").asString().equals(type)) {
                names.add(entry.get("name").asString());
            }
        }
        return names;
    }

    private static JsonNode contract() throws IOException {
        return JsonMapper.shared().readTree(Files.readString(COMMITTED, StandardCharsets.UTF_8));
    }
}
