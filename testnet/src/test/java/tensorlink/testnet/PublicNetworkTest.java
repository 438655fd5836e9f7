package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.node.Home;
import tensorlink.node.Node;
import tensorlink.testnet.chain.Anvil;
import tools.jackson.databind.JsonNode;

/** The README's commands for a public network, with anvil in place of the public chain. */
@Tag("interop")
@Timeout(420)
class PublicNetworkTest {
    private static final Path README = Path.of("../README.md");
    private static final String FIRST = "./tensorlink network deploy";
    private static final Path ANVIL = Path.of("..").resolve(Anvil.PROGRAM).toAbsolutePath();
    private static final int QUESTIONS_MAX = 250;

    @TempDir private Path folder;
    private final List<Program> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.reversed().forEach(Program::close);
    }

    @Test
    void a_stranger_finds_the_network_by_the_contract_alone() throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        var commands = commands();
        assertThat(commands).hasSize(8);

        try (var chain = Anvil.start(ANVIL)) {
            var founder = Node.names(Home.at(folder.resolve("a")));
            chain.enrich(founder.account());
            var here = new HashMap<String, String>();
            here.put("8453", Long.toString(Anvil.CHAIN_ID));
            here.put("https://rpc.example.org", chain.uri().toString());
            here.put("0x...", founder.account().toString());
            for (var command : commands) {
                if (command.contains(" up ")) {
                    var node = Program.start(folder, words(command, here));
                    nodes.add(node);
                    node.awaitLine("\"ready\"");
                } else {
                    var ended = Program.run(folder, words(command, here));
                    assertThat(ended.status()).as("%s: %s", command, ended.lines()).isZero();
                }
            }

            var entrance = awaitEntrance("b");
            assertThat(entrance.path("peer").asString()).isEqualTo(founder.peer().toString());
            assertThat(entrance.path("sources").toString()).contains("\"ledger\"");
        }
    }

    private static List<String> commands() throws Exception {
        return Files.readAllLines(README).stream()
                .dropWhile(line -> !line.startsWith(FIRST))
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
