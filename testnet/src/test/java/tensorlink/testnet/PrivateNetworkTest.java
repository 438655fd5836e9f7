package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The README's three commands, run as they stand there. */
@Timeout(300)
class PrivateNetworkTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path README = Path.of("../README.md");
    private static final String FIRST = "./tensorlink up --private";
    private static final Path WAYS = Path.of("../docs/ways.md");
    private static final String FIRST_WAY = "./tensorlink network create lab";
    private static final int NO_NETWORK = 4;
    private static final int QUESTIONS_MAX = 60;

    @TempDir private Path folder;

    private final List<Program> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.reversed().forEach(Program::close);
    }

    @Test
    void three_commands_make_a_private_network_of_three_nodes_with_nothing_but_one_line()
            throws Exception {
        var commands = commands();
        assertThat(commands).hasSize(3);

        var founder = start(commands.getFirst(), "");
        var ready = JSON.readTree(founder.awaitLine("\"ready\""));
        var invitation = ready.path("invitation").asString();
        for (var command : commands.subList(1, 3)) {
            start(command, invitation).awaitLine("\"ready\"");
        }

        for (var home : List.of("a", "b", "c")) {
            var status = awaitStatus(home, "knownPeers", "2");

            assertThat(status.path("private").asBoolean()).isTrue();
            assertThat(status.path("network")).isEqualTo(ready.path("network"));
            assertThat(status.path("state").asString()).isEqualTo("ready");
        }
        assertThat(awaitOffers("a", 2)).hasSize(2);
        var another =
                Program.run(
                        folder,
                        "network",
                        "invite",
                        "--home",
                        folder.resolve("b").toString(),
                        "-o",
                        "json");
        assertThat(another.values().getLast().path("entries").size()).isGreaterThan(1);
        for (var address : ready.path("addresses")) {
            var outsider = Program.run(folder, "ping", address.asString(), "--count", "1");
            assertThat(outsider.status()).isEqualTo(NO_NETWORK);
        }
    }

    @Test
    void a_member_whose_founder_is_away_says_so_and_finds_it_again_without_a_restart()
            throws Exception {
        var commands = commands();
        var port = freePort();
        var listen = " --listen /ip4/127.0.0.1/tcp/" + port;
        var founder = start(commands.getFirst() + listen, "");
        var invitation =
                JSON.readTree(founder.awaitLine("\"ready\"")).path("invitation").asString();
        founder.kill();

        start(commands.get(1), invitation).awaitLine("\"ready\"");

        var alone = status("b");
        assertThat(alone.path("state").asString()).isEqualTo("offline");
        assertThat(alone.path("problems").get(0).asString()).contains("nothing listens there");
        assertThat(alone.path("entrances").get(0).path("sources").get(0).asString())
                .isEqualTo("invitation");
        assertThat(alone.path("entrances").get(0).path("failures").asInt()).isPositive();
        start("./tensorlink up --role validator --home a" + listen, "").awaitLine("\"ready\"");
        awaitStatus("b", "state", "ready");
    }

    @Test
    void two_validators_and_three_workers_do_a_job_that_is_paid_and_settled() throws Exception {
        var commands = commands(WAYS, FIRST_WAY);
        assertThat(commands).hasSize(8);

        assertThat(start(commands.getFirst(), "").awaitEnd()).isZero();
        start(commands.get(1), "").awaitLine("\"ready\"");
        var inviting = start(commands.get(2), "");
        assertThat(inviting.awaitEnd()).isZero();
        var invitation = inviting.values().getLast().path("invitation").asString();
        for (var command : commands.subList(3, 7)) {
            start(command, invitation).awaitLine("\"ready\"");
        }
        for (var home : List.of("a", "b")) {
            assertThat(awaitOffers(home, 3)).as(home).hasSize(3);
        }
        var training = start(commands.getLast(), invitation);
        assertThat(training.awaitEnd()).as("%s", training.lines()).isZero();
        var job = training.values().getLast().path("job").asString();

        // Five steps of as many tokens each through one layer, at a credit for each.
        var earned = new ArrayList<Long>();
        for (var home : List.of("c", "d", "e")) {
            earned.add(awaitCredits(home));
        }
        assertThat(earned).allMatch(credits -> credits > 0 && credits.equals(earned.getFirst()));
        var watched = new ArrayList<String>();
        for (var home : List.of("a", "b")) {
            for (var known : ask(home, "jobs", "list").path("jobs")) {
                assertThat(known.path("job").asString()).isEqualTo("0x" + job);
                watched.add(known.path("state").asString());
            }
        }
        assertThat(watched).containsExactly("completed");
    }

    /** What the ledger has paid to a worker; it brings its vouchers when the job is over. */
    private long awaitCredits(String home) throws Exception {
        long credits = 0;
        for (int i = 0; i < QUESTIONS_MAX && credits == 0; i++) {
            credits = Long.parseLong(ask(home, "wallet", "show").path("credits").asString("0"));
        }
        return credits;
    }

    private JsonNode ask(String home, String... words) throws Exception {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--home", folder.resolve(home).toString(), "-o", "json"));
        return Program.run(folder, all.toArray(new String[0])).values().getLast();
    }

    /** The README's lines. */
    private static List<String> commands() throws Exception {
        return commands(README, FIRST);
    }

    private static List<String> commands(Path file, String first) throws Exception {
        return Files.readAllLines(file).stream()
                .dropWhile(line -> !line.startsWith(first))
                .takeWhile(line -> line.startsWith("./tensorlink "))
                .toList();
    }

    private Program start(String command, String invitation) throws Exception {
        var words = new ArrayList<>(List.of(command.split(" ", -1)));
        assertThat(words.removeFirst()).isEqualTo("./tensorlink");
        words.replaceAll(word -> word.equals("tl1...") ? invitation : word);
        words.replaceAll(word -> word.equals("LICENSE") ? "../LICENSE" : word);
        int home = words.indexOf("--home") + 1;
        words.set(home, folder.resolve(words.get(home)).toString());
        words.addAll(List.of("-o", "json"));
        var node = Program.start(folder, words.toArray(new String[0]));
        nodes.add(node);
        return node;
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Asks until the answer is the one expected; each question is a process, so few are needed. */
    private JsonNode awaitStatus(String home, String field, String value) throws Exception {
        var status = status(home);
        for (int i = 0; i < QUESTIONS_MAX && !status.path(field).asString().equals(value); i++) {
            status = status(home);
        }
        assertThat(status.path(field).asString()).as("%s of %s", field, status).isEqualTo(value);
        return status;
    }

    /** What the workers of the network have told everybody by gossip. */
    private JsonNode awaitOffers(String home, int count) throws Exception {
        var offers = status(home).path("offers");
        for (int i = 0; i < QUESTIONS_MAX && offers.size() < count; i++) {
            offers = status(home).path("offers");
        }
        return offers;
    }

    private JsonNode status(String home) throws Exception {
        return ask(home, "status");
    }
}
