package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.evm.Finality;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.node.Home;
import tensorlink.node.Node;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.SmartnodesDouble;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The commands of rounds, asked of nodes that run on anvil with our double of the contracts: a
 * hundred programs, one after the other.
 */
@Tag("soak")
@Timeout(420)
class RoundCommandTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path ANVIL = ROOT.resolve(Anvil.PROGRAM);

    /** A job counts a minute after its end; a question takes a second or two. */
    private static final int QUESTIONS_MAX = 150;

    @TempDir private Path folder;
    private final List<Program> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.reversed().forEach(Program::close);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void a_validator_takes_its_seat_runs_a_round_and_a_worker_claims() throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        try (var chain = Anvil.start(ANVIL)) {
            var listen = "/ip4/127.0.0.1/tcp/" + freePort();
            found(chain, listen);
            start("a", "up", "--role", "validator", "--listen", listen);

            assertThat(round().path("selected")).isEmpty();
            var joined = run("a", "validator", "round", "join", "--for-good");
            assertThat(joined.path("transaction").asString()).startsWith("0x");
            var open = round();
            assertThat(open.path("proposals")).isEmpty();
            assertThat(open.path("votesNeeded").asInt()).isEqualTo(1);
            assertThat(open.path("unpaidJobs").asInt()).isZero();

            start("c", "up", "--role", "worker");
            run("u", "train", "--fresh", "64x2", "--data", "../LICENSE", "--steps", "150");
            awaitExecuted();

            var claimed = awaitClaimed();
            assertThat(claimed.path("detail").asString()).startsWith("distribution 1: ");
            assertThat(run("c", "validator", "round", "claim").path("steps")).isEmpty();
        }
    }

    /** A network on the double, of which all homes have the description. */
    private void found(Anvil chain, String listen) throws Exception {
        var validator = Node.names(Home.at(folder.resolve("a")));
        var deployer = AccountKey.generate(new SecureRandom());
        for (var account :
                List.of(
                        deployer.account(),
                        validator.account(),
                        Node.names(Home.at(folder.resolve("c"))).account())) {
            chain.enrich(account);
        }
        var where = EvmChain.of(Anvil.CHAIN_ID, List.of(chain.uri()));
        var payer = new EvmAccount(deployer, folder.resolve("sent"), SenderSettings.defaults());
        var deployed =
                new SmartnodesDouble(
                                ROOT.resolve(SmartnodesDouble.CODES),
                                List.of(validator.account()),
                                Duration.ofHours(1))
                        .deploy(
                                where.withFinality(new Finality.Depth(0)),
                                payer,
                                Scheduler.system()::sleep);
        var description =
                Map.of(
                        "chainId", Anvil.CHAIN_ID,
                        "endpoints", List.of(chain.uri().toString()),
                        "seeds", List.of(listen + "/p2p/" + validator.peer()),
                        "core", facts(deployed.core()),
                        "coordinator", facts(deployed.coordinator()),
                        "token", facts(deployed.token()));
        var contracts = folder.resolve("smartnodes.json");
        Files.writeString(contracts, JsonMapper.shared().writeValueAsString(description));
        var file = folder.resolve("rounds.network").toString();
        run("a", "network", "create", "rounds", "--contract", contracts.toString());
        run("a", "network", "show", "--save", file);
        run("c", "network", "join", file);
        run("u", "network", "join", file);
    }

    private static Map<String, Object> facts(Deployment contract) {
        return Map.of(
                "contract", contract.address().toString(),
                "codeHash", contract.codeHash().toString(),
                "block", contract.block());
    }

    private JsonNode round() throws Exception {
        return run("a", "validator", "round", "show");
    }

    /** Until the round has paid the job; the node takes part by itself too, in between. */
    private void awaitExecuted() throws Exception {
        var seen = new HashSet<String>();
        boolean heard = false;
        for (int i = 0; i < QUESTIONS_MAX; i++) {
            for (var step : run("a", "validator", "round", "run").path("steps")) {
                seen.add(step.path("what").asString());
            }
            var round = round();
            heard |= round.path("unpaidJobs").asInt() == 1;
            if (heard && round.path("unpaidJobs").asInt() == 0) {
                assertThat(seen).isSubsetOf("heard", "proposed", "voted", "executed");
                return;
            }
        }
        throw new AssertionError("not executed: " + seen + round());
    }

    private JsonNode awaitClaimed() throws Exception {
        JsonNode steps = null;
        for (int i = 0; i < QUESTIONS_MAX; i++) {
            steps = run("c", "validator", "round", "claim").path("steps");
            for (var step : steps) {
                if (step.path("what").asString().equals("claimed")) {
                    return step;
                }
            }
        }
        throw new AssertionError("not claimed: " + steps);
    }

    private void start(String home, String... words) throws Exception {
        var node = Program.start(folder, with(home, words));
        nodes.add(node);
        node.awaitLine("\"ready\"");
    }

    /** What a command says in the end. */
    private JsonNode run(String home, String... words) throws Exception {
        var ended = Program.run(folder, with(home, words));
        assertThat(ended.status())
                .as("%s: %s%s", List.of(words), ended.lines(), ended.err())
                .isZero();
        return ended.values().getLast();
    }

    private String[] with(String home, String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--home", folder.resolve(home).toString(), "-o", "json"));
        return all.toArray(new String[0]);
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
