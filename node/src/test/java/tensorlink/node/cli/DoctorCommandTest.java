package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.ValidatorNode;
import tools.jackson.databind.JsonNode;

class DoctorCommandTest {
    @TempDir private Path folder;

    @Test
    void a_machine_without_a_network_yet_is_well() {
        var ran = run();

        assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
        assertThat(subjects(ran.result()))
                .contains("java", "natives", "clock", "disk", "identity", "port", "network");
        assertThat(ran.result().path("problems").asInt()).isZero();
        assertThat(folder.resolve("home")).doesNotExist();
    }

    @Test
    void bootstrap_peers_that_answer_and_that_do_not_are_told_apart() throws Exception {
        try (var validator =
                ValidatorNode.start(
                        Network.named("lab"), Home.fresh(), ValidatorNode.Options.free())) {
            var good = validator.node().addresses().getFirst().toString();
            var bad = "/ip4/127.0.0.1/tcp/1/p2p/" + validator.node().info().id();

            var both = run("--network", "lab", "--bootstrap", good, "--bootstrap", bad);
            var only = run("--network", "lab", "--bootstrap", bad);

            assertThat(both.status()).as(both.out()).isZero();
            assertThat(sentences(both, "bootstrap").getFirst()).contains(good, "answers in");
            assertThat(only.status()).isEqualTo(ExitCode.CHECK_FAILED.status());
            assertThat(sentences(only, "bootstrap").getFirst())
                    .contains(bad, "nothing listens there");
        }
    }

    @Test
    void a_port_that_is_taken_is_named_with_what_to_do() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var address = "/ip4/127.0.0.1/tcp/" + taken.getLocalPort();
            var home = Files.createDirectories(folder.resolve("home"));
            Files.writeString(
                    home.resolve("config.toml"), "[network]\nlisten = [\"" + address + "\"]\n");

            var ran = run();

            assertThat(ran.status()).isEqualTo(ExitCode.CHECK_FAILED.status());
            assertThat(sentences(ran, "port").getFirst())
                    .startsWith(address + " cannot be listened at: ");
            assertThat(finding(ran, "port").path("advice").asString()).contains("another port");
        }
    }

    @Test
    void a_network_whose_key_is_gone_and_a_bad_configuration_are_findings_too() throws Exception {
        Ran.of("network", "create", "team", "--home", folder.resolve("home").toString());
        Files.delete(folder.resolve("home").resolve("network").resolve("swarm.key"));

        var keyless = run();
        Files.writeString(folder.resolve("home").resolve("config.toml"), "nonsense");
        var misconfigured = run();

        assertThat(keyless.status()).isEqualTo(ExitCode.CHECK_FAILED.status());
        assertThat(sentences(keyless, "network").getFirst()).contains("its key is missing");
        assertThat(misconfigured.status()).isEqualTo(ExitCode.CHECK_FAILED.status());
        assertThat(subjects(misconfigured.result())).containsExactly("configuration");
    }

    private Ran run(String... more) {
        var all = new ArrayList<>(List.of("doctor", "--home", folder.resolve("home").toString()));
        all.addAll(List.of("-o", "json"));
        all.addAll(List.of(more));
        return Ran.of(all.toArray(new String[0]));
    }

    private static List<String> subjects(JsonNode result) {
        var subjects = new ArrayList<String>();
        result.path("findings").forEach(it -> subjects.add(it.path("subject").asString()));
        return subjects;
    }

    private static JsonNode finding(Ran ran, String subject) {
        for (var finding : ran.result().path("findings")) {
            if (finding.path("subject").asString().equals(subject)) {
                return finding;
            }
        }
        throw new AssertionError("nothing about " + subject + ": " + ran.out());
    }

    private static List<String> sentences(Ran ran, String subject) {
        var sentences = new ArrayList<String>();
        for (var finding : ran.result().path("findings")) {
            if (finding.path("subject").asString().equals(subject)) {
                sentences.add(finding.path("sentence").asString());
            }
        }
        return sentences;
    }
}
