package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.node.Home;
import tensorlink.node.Node;
import tensorlink.node.network.ContractFile;
import tensorlink.node.network.LedgerTerms;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.chain.Anvil;
import tools.jackson.databind.JsonNode;

/** The README's commands for a public network, with anvil in place of the public chain. */
@Tag("interop")
@Timeout(420)
class PublicNetworkTest {
    private static final Path README = Path.of("../README.md");
    private static final String FIRST = "./tensorlink network deploy";
    private static final Path WAYS = Path.of("../docs/ways.md");
    private static final String FIRST_OF_JOB = "./tensorlink network join public.network --home c";
    private static final Path ANVIL = Path.of("..").resolve(Anvil.PROGRAM).toAbsolutePath();
    private static final int QUESTIONS_MAX = 250;

    @TempDir private Path folder;
    private final List<Program> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.reversed().forEach(Program::close);
    }

    @Test
    void a_stranger_finds_the_network_by_the_contract_alone_and_has_a_job_done_and_paid()
            throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        var commands = commands(README, FIRST);
        assertThat(commands).hasSize(8);

        try (var chain = Anvil.start(ANVIL)) {
            var founder = Node.names(Home.at(folder.resolve("a")));
            chain.enrich(founder.account());
            var here = new HashMap<String, String>();
            here.put("8453", Long.toString(Anvil.CHAIN_ID));
            here.put("https://rpc.example.org", chain.uri().toString());
            here.put("0x...", founder.account().toString());
            for (var command : commands) {
                run(command, here);
            }

            var entrance = awaitEntrance("b");
            assertThat(entrance.path("peer").asString()).isEqualTo(founder.peer().toString());
            assertThat(entrance.path("sources").toString()).contains("\"ledger\"");

            paidJob();
        }
    }

    /** The commands of a job, and whether they and the chain say the same of it. */
    private void paidJob() throws Exception {
        var commands = commands(WAYS, FIRST_OF_JOB);
        assertThat(commands).hasSize(9);
        var user = Node.names(Home.at(folder.resolve("u"))).account();
        var worker = Node.names(Home.at(folder.resolve("c"))).account();
        var here = new HashMap<String, String>();
        here.put("0x...", user.toString());
        here.put("LICENSE", "../LICENSE");
        Program training = null;
        for (var command : commands.subList(0, 5)) {
            training = run(command, here);
        }
        var job = Objects.requireNonNull(training).values().getLast().path("job").asString();
        here.put("5d0c4f1e", job.substring(0, 8));

        var listed = awaitCompleted(commands.get(5), here);
        assertThat(listed.path("job").asString()).isEqualTo("0x" + job);
        assertThat(listed.path("part").asString()).isEqualTo("validator");
        assertThat(listed.path("payer").asString()).isEqualTo(user.toString());
        assertThat(listed.path("payees").toString()).isEqualTo("[\"" + worker + "\"]");

        var paid = awaitRedeemed(user, worker);
        var shown = run(commands.get(6), here).values().getLast();
        assertThat(shown.path("state").asString()).isEqualTo("completed");
        assertThat(shown.path("redeemed").path(worker.toString()).asString())
                .isEqualTo(paid.toString());
        assertThat(Long.parseLong(paid.toString())).isPositive();
        var events = new ArrayList<String>();
        for (var event : run(commands.get(7), here).values().getLast().path("events")) {
            events.add(event.path("event").asString());
        }
        assertThat(events).endsWith("completed").contains("agreed", "running");
        var wallet = run(commands.get(8), here).values().getLast();
        assertThat(wallet.path("credits").asString()).isEqualTo(paid.toString());
    }

    /** Starts what stays, and runs what ends to its end. */
    private Program run(String command, Map<String, String> here) throws Exception {
        if (command.contains(" up ")) {
            var node = Program.start(folder, words(command, here));
            nodes.add(node);
            node.awaitLine("\"ready\"");
            return node;
        }
        var ended = Program.run(folder, words(command, here));
        assertThat(ended.status()).as("%s: %s%s", command, ended.lines(), ended.err()).isZero();
        return ended;
    }

    /** The only job that is listed, once it is completed. */
    private JsonNode awaitCompleted(String command, Map<String, String> here) throws Exception {
        JsonNode jobs = null;
        for (int i = 0; i < QUESTIONS_MAX; i++) {
            jobs = run(command, here).values().getLast().path("jobs");
            if (jobs.size() == 1 && jobs.get(0).path("state").asString().equals("completed")) {
                return jobs.get(0);
            }
        }
        throw new AssertionError("not completed: " + jobs);
    }

    /** What the contract says that the worker was paid by the user, asked past every node. */
    private Amount awaitRedeemed(Account user, Account worker) throws Exception {
        var file = ContractFile.read(folder.resolve("public.json"));
        var contract = (LedgerTerms.Contract) file.ledger();
        var config =
                new EvmConfig(
                        "public",
                        EvmChain.of(contract.chainId(), contract.endpoints()),
                        new EvmConfig.Deployment(
                                contract.address(),
                                new Bytes32(contract.codeHash()),
                                contract.block()));
        var nobody =
                new EvmAccount(
                        AccountKey.generate(new SecureRandom()),
                        folder.resolve("nothing-sent"),
                        SenderSettings.defaults());
        try (var ledger = EvmLedger.open(config, nobody, Scheduler.system()::sleep)) {
            for (int i = 0; i < QUESTIONS_MAX; i++) {
                var paid = ledger.redeemed(user, worker);
                if (!paid.isZero()) {
                    assertThat(ledger.credits(worker)).isEqualTo(paid);
                    return paid;
                }
                Scheduler.system().sleep(Duration.ofSeconds(1));
            }
        }
        throw new AssertionError("nothing was redeemed");
    }

    private static List<String> commands(Path file, String first) throws Exception {
        return Files.readAllLines(file).stream()
                .dropWhile(line -> !line.startsWith(first))
                .takeWhile(line -> line.startsWith("./tensorlink "))
                .toList();
    }

    private String[] words(String command, Map<String, String> here) {
        var words = new ArrayList<>(List.of(command.split(" ", -1)));
        words.removeFirst();
        words.replaceAll(word -> here.getOrDefault(word, word));
        words.replaceAll(word -> word.startsWith("public.") ? folder.resolve(word) + "" : word);
        int home = words.indexOf("--home") + 1;
        words.set(home, folder.resolve(words.get(home)).toString());
        words.addAll(List.of("-o", "json"));
        return words.toArray(new String[0]);
    }

    /** Asks until somebody has let it in; each question is a process, so few are needed. */
    private JsonNode awaitEntrance(String home) throws Exception {
        var path = folder.resolve(home).toString();
        JsonNode status = null;
        for (int i = 0; i < QUESTIONS_MAX; i++) {
            status = Program.run(folder, "status", "--home", path, "-o", "json").values().getLast();
            for (var entrance : status.path("entrances")) {
                if (entrance.path("isKnown").asBoolean()
                        && entrance.path("sources").toString().contains("\"ledger\"")) {
                    return entrance;
                }
            }
        }
        throw new AssertionError("let in by nobody: " + status);
    }
}
