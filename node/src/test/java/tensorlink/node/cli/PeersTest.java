package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.Reachability;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.http.ApiServer;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The verbs about peers, asked of a node of this process and of real peers on loopback. */
class PeersTest {
    private static final String NOBODY = "12D3KooWEmA5G1aroNbxSst4sMEqAfjz88RfaCS4pisL3zdu2zqF";

    @TempDir private Path folder;

    private Node other;
    private Node asked;
    private ApiServer server;

    @BeforeEach
    void start() throws Exception {
        other =
                ValidatorNode.start(
                                Network.named("lab"),
                                Home.at(folder.resolve("other")),
                                ValidatorNode.Options.free())
                        .node();
        asked = UserNode.join(Network.named("lab"), Home.at(folder.resolve("asked"))).node();
        server = serve(List.of(other.info()));
    }

    private ApiServer serve(List<PeerInfo> bootstrap) throws Exception {
        var listen = List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"));
        var reachability = new Reachability(bootstrap, listen, Scheduler.system());
        return ApiServer.start(
                "127.0.0.1", 0, asked.home().apiFile(), new PeerRoutes(asked, reachability).all());
    }

    @AfterEach
    void stop() {
        server.close();
        asked.close();
        other.close();
    }

    @Test
    void a_peer_is_connected_listed_and_pinged() {
        var before = run("peers", "list").result();
        var connected = run("peers", "connect", address()).result();
        var listed = run("peers", "list").result().path("peers");
        var pinged = run("peers", "ping", id(), "--count", "3", "--interval", "0");

        assertThat(before.path("peers").isEmpty()).isTrue();
        assertThat(connected.path("peer").asString()).isEqualTo(id());
        // Each may be dialling the other back just now, to say whether it can.
        assertThat(listed)
                .allSatisfy(it -> assertThat(it.path("peer").asString()).isEqualTo(id()))
                .filteredOn(it -> it.path("direction").asString().equals("outbound"))
                .isNotEmpty()
                .allSatisfy(it -> {
                    assertThat(it.path("transport").asString()).isEqualTo("tcp");
                    assertThat(it.path("security").asString()).isEqualTo("/noise");
                });
        assertThat(pinged.status()).isZero();
        assertThat(pinged.values()).hasSize(4);
        assertThat(pinged.result().path("answered").asInt()).isEqualTo(3);
        assertThat(pinged.result().path("p99Millis").asDouble()).isPositive();
    }

    @Test
    void a_peer_that_cannot_be_reached_or_is_unknown_is_told_with_the_reason() {
        var refused = run("peers", "connect", "/ip4/127.0.0.1/tcp/1/p2p/" + NOBODY);
        var unknown = run("peers", "ping", NOBODY, "--count", "1");
        var senseless = run("peers", "ping", "12D3", "--count", "1");
        var nowhere = run("peers", "connect", "/p2p/" + NOBODY);

        assertThat(refused.status()).isEqualTo(ExitCode.NO_NETWORK.status());
        assertThat(message(refused)).contains(NOBODY).contains("/ip4/127.0.0.1/tcp/1");
        assertThat(unknown.status()).isEqualTo(ExitCode.TIMEOUT.status());
        assertThat(unknown.result().path("answered").asInt()).isZero();
        assertThat(senseless.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(nowhere.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(nowhere)).contains("says who but not where");
    }

    @Test
    void a_check_of_a_node_that_is_well_finds_nothing() {
        var ran = run("peers", "check");

        assertThat(ran.status()).as(ran.out()).isZero();
        var findings = new ArrayList<String>();
        for (var finding : ran.result().path("findings")) {
            assertThat(finding.path("isGood").asBoolean()).as("%s", finding).isTrue();
            findings.add(finding.path("subject").asString());
        }
        assertThat(findings).contains("clock", "listening", "inbound", "bootstrap");
        assertThat(finding(ran, "bootstrap").path("sentence").asString())
                .contains(id())
                .contains("answers in");
    }

    @Test
    void a_check_names_the_bootstrap_peer_that_does_not_answer_and_what_to_do() throws Exception {
        server.close();
        server = serve(List.of(PeerInfo.parse("/ip4/127.0.0.1/tcp/1/p2p/" + NOBODY)));

        var ran = run("peers", "check");

        assertThat(ran.status()).isEqualTo(ExitCode.CHECK_FAILED.status());
        assertThat(finding(ran, "bootstrap").path("isGood").asBoolean()).isFalse();
        assertThat(finding(ran, "bootstrap").path("sentence").asString())
                .contains("nothing listens there");
        assertThat(finding(ran, "bootstrap").path("advice").asString()).contains("start that node");
        var text = Ran.of("peers", "check", "--home", folder.resolve("asked").toString());
        assertThat(text.out()).contains(" !!  bootstrap: ", "     try: start that node");
    }

    @Test
    void without_a_node_to_ask_each_says_how_to_start_one() {
        for (var verb :
                List.of(
                        List.of("list"),
                        List.of("check"),
                        List.of("connect", address()),
                        List.of("ping", id()))) {
            var arguments = new ArrayList<String>(List.of("peers"));
            arguments.addAll(verb);
            arguments.addAll(List.of("--home", folder.resolve("none").toString()));

            var ran = Ran.of(arguments.toArray(new String[0]));

            assertThat(ran.status()).as("%s", verb).isEqualTo(ExitCode.NOT_RUNNING.status());
            assertThat(ran.err()).contains("try: tensorlink up");
        }
    }

    @Test
    void a_stranger_pings_and_sums_up_and_its_trace_is_written() throws Exception {
        var trace = folder.resolve("trace.jsonl");

        var ran =
                Ran.of(
                        "ping",
                        address(),
                        "--count=3",
                        "--interval=0",
                        "--trace-connection",
                        trace.toString());

        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.out())
                .contains("connected to " + id() + " at /ip4/127.0.0.1/tcp/")
                .contains("answer from " + id() + ": seq=3 time=")
                .contains("3 sent, 3 answered, 0% lost")
                .contains("round trip min/avg/max/p50/p99 = ");
        var lines = Files.readAllLines(trace);
        assertThat(lines).hasSizeGreaterThan(3);
        lines.forEach(line -> assertThat(new JsonMapper().readTree(line).isObject()).isTrue());
        var again = Ran.of("ping", address(), "--trace-connection", trace.toString());
        assertThat(again.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(again.err()).contains("exists already and is not overwritten");
    }

    @Test
    void a_stranger_is_told_who_cannot_be_reached_and_what_an_address_is() {
        var nobody = Ran.of("ping", "/ip4/127.0.0.1/tcp/1/p2p/" + NOBODY, "-o", "json");
        var senseless = Ran.of("ping", "192.0.2.7:38751", "-o", "json");
        var none = Ran.of("ping", "-o", "json", address(), "--count", "-1");

        assertThat(nobody.status()).isEqualTo(ExitCode.NO_NETWORK.status());
        assertThat(message(nobody)).contains("/ip4/127.0.0.1/tcp/1");
        assertThat(senseless.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(senseless)).contains("try: /ip4/ADDRESS/tcp/PORT/p2p/ID");
        assertThat(none.status()).isEqualTo(ExitCode.USAGE.status());
    }

    private String id() {
        return other.info().id().toString();
    }

    private String address() {
        return other.addresses().getFirst().toString();
    }

    private static String message(Ran ran) {
        return ran.result().path("error").path("message").asString();
    }

    private static JsonNode finding(Ran ran, String subject) {
        for (var finding : ran.result().path("findings")) {
            if (finding.path("subject").asString().equals(subject)) {
                return finding;
            }
        }
        throw new AssertionError("nothing about " + subject + ": " + ran.out());
    }

    private Ran run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--home", folder.resolve("asked").toString(), "-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }
}
