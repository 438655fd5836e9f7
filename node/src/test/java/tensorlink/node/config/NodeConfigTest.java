package tensorlink.node.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Amount;
import tensorlink.node.DeviceWish;
import tensorlink.node.Isolation;
import tensorlink.node.Profile;
import tensorlink.node.Serving;
import tensorlink.p2p.multiaddr.Subnet;

/** Every setting is found where it was said, and the stronger place wins. */
class NodeConfigTest {
    private static final NodeConfig.Machine MACHINE = new NodeConfig.Machine(8L << 30, 4);

    @TempDir private Path folder;

    @TestFactory
    List<DynamicTest> a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        return List.of(Setting.values()).stream()
                .map(setting -> DynamicTest.dynamicTest(setting.key(), () -> check(setting)))
                .toList();
    }

    private void check(Setting setting) throws IOException {
        var none = folder.resolve("absent.toml");
        var file = folder.resolve(setting + ".toml");
        var value =
                switch (setting.kind()) {
                    case TEXT -> "\"from file\"";
                    case NUMBER -> "17";
                    case LIST -> "[\"from file\", \"twice\"]";
                };
        Files.writeString(file, setting.key() + " = " + value);
        var inFile = value.replaceAll("[\"\\[\\]]", "").replace(", ", ",");
        var variable = Map.of(setting.variable(), "from variable");
        var flag = Map.of(setting, "from flag");

        expect(Settings.gather(flag, variable, file), setting, "from flag", Settings.Origin.FLAG);
        expect(
                Settings.gather(Map.of(), variable, file),
                setting,
                "from variable",
                Settings.Origin.ENVIRONMENT);
        expect(Settings.gather(Map.of(), Map.of(), file), setting, inFile, Settings.Origin.FILE);
        expect(
                Settings.gather(Map.of(), Map.of(), none),
                setting,
                setting.preset(),
                Settings.Origin.DEFAULT);
    }

    private static void expect(
            Settings settings, Setting setting, String text, Settings.Origin origin) {
        assertThat(settings.text(setting)).isEqualTo(text);
        assertThat(settings.origin(setting)).isEqualTo(origin);
    }

    @Test
    void the_defaults_are_a_worker_on_loopback_with_half_the_memory_and_every_core() {
        var config = config(Map.of());

        assertThat(config.role()).isEqualTo(NodeConfig.Role.WORKER);
        assertThat(config.network()).isEqualTo("local");
        assertThat(config.listen().toString()).isEqualTo("[/ip4/127.0.0.1/tcp/0]");
        assertThat(config.bootstrap()).isEmpty();
        assertThat(config.presence().serving()).isEqualTo(Serving.AUTO);
        assertThat(config.presence().opensNat()).isTrue();
        assertThat(config.memoryBytes()).isEqualTo(4L << 30);
        assertThat(config.threads()).isEqualTo(4);
        assertThat(config.price()).isEqualTo(Amount.ZERO);
        assertThat(config.keepsLedger()).isFalse();
        assertThat(config.newcomerCredit()).isEqualTo(Amount.ZERO);
        assertThat(config.apiHost()).isEqualTo("127.0.0.1");
        assertThat(config.apiPort()).isZero();
        assertThat(config.logLevel()).isEqualTo("warn");
    }

    @Test
    void every_setting_reaches_the_typed_configuration() {
        var peer = "12D3KooWEmA5G1aroNbxSst4sMEqAfjz88RfaCS4pisL3zdu2zqF";
        var config =
                config(
                        Map.ofEntries(
                                Map.entry(Setting.NODE_ROLE, "validator"),
                                Map.entry(Setting.NETWORK_NAME, "lab-7.example"),
                                Map.entry(
                                        Setting.NETWORK_LISTEN,
                                        "/ip4/0.0.0.0/tcp/38751, /ip6/::1/tcp/38751"),
                                Map.entry(
                                        Setting.NETWORK_BOOTSTRAP,
                                        "/ip4/192.0.2.7/tcp/4001/p2p/" + peer),
                                Map.entry(Setting.NODE_PROFILE, "lowpower"),
                                Map.entry(Setting.NETWORK_ALLOW, "10.0.0.0/8, fd00::/8"),
                                Map.entry(Setting.NETWORK_DHT, "client"),
                                Map.entry(Setting.COMPUTE_MEMORY, "1.5 GiB"),
                                Map.entry(Setting.COMPUTE_THREADS, "1024"),
                                Map.entry(Setting.WORKER_PRICE, "7"),
                                Map.entry(Setting.COMPUTE_DEVICE, "cuda:0,1"),
                                Map.entry(Setting.COMPUTE_REQUIRE_GPU, "on"),
                                Map.entry(Setting.WORKER_ISOLATION, "process"),
                                Map.entry(Setting.WORKER_HUB, "https://huggingface.co"),
                                Map.entry(Setting.LEDGER_KIND, "file"),
                                Map.entry(Setting.LEDGER_CREDIT, "9".repeat(30)),
                                Map.entry(Setting.API_LISTEN, "[::1]:65535"),
                                Map.entry(Setting.LOG_LEVEL, "trace")));

        assertThat(config.role()).isEqualTo(NodeConfig.Role.VALIDATOR);
        assertThat(config.network()).isEqualTo("lab-7.example");
        assertThat(config.listen()).hasSize(2);
        assertThat(config.bootstrap().getFirst().id().toString()).isEqualTo(peer);
        assertThat(config.presence().profile()).isEqualTo(Profile.LOWPOWER);
        assertThat(config.presence().allowed())
                .containsExactly(Subnet.parse("10.0.0.0/8"), Subnet.parse("fd00::/8"));
        assertThat(config.presence().serving()).isEqualTo(Serving.CLIENT);
        assertThat(config.memoryBytes()).isEqualTo(3L << 29);
        assertThat(config.threads()).isEqualTo(1024);
        assertThat(config.price()).isEqualTo(Amount.of(7));
        assertThat(config.isolation()).isEqualTo(Isolation.PROCESS);
        assertThat(config.device()).isEqualTo(DeviceWish.parse("cuda:0,1").requiringGpu());
        assertThat(config.hub()).contains(URI.create("https://huggingface.co"));
        assertThat(config.keepsLedger()).isTrue();
        assertThat(config.newcomerCredit()).isEqualTo(Amount.parse("9".repeat(30)));
        assertThat(config.apiHost()).isEqualTo("[::1]");
        assertThat(config.apiPort()).isEqualTo(65535);
        assertThat(config.logLevel()).isEqualTo("trace");
    }

    @Test
    void sizes_are_told_in_bytes_in_both_kinds_of_units_and_as_a_share() {
        assertThat(memory("2097152")).isEqualTo(2L << 20);
        assertThat(memory("800 MB")).isEqualTo(800_000_000L);
        assertThat(memory("800mib")).isEqualTo(800L << 20);
        assertThat(memory("25%")).isEqualTo(2L << 30);
        assertThat(memory("100%")).isEqualTo(8L << 30);
        assertThat(memory("8 GiB")).isEqualTo(8L << 30);
    }

    private static long memory(String text) {
        return config(Map.of(Setting.COMPUTE_MEMORY, text)).memoryBytes();
    }

    @Test
    void a_wrong_value_is_blamed_on_the_place_it_came_from() {
        var none = Path.of("absent.toml");

        assertThatThrownBy(() -> config(Map.of(Setting.NODE_ROLE, "boss")))
                .hasMessage(
                        "command line: node.role = \"boss\": must be worker, validator or user");
        assertThatThrownBy(() ->
                        NodeConfig.of(
                                Settings.gather(
                                        Map.of(), Map.of("TENSORLINK_NODE_ROLE", "boss"), none),
                                MACHINE))
                .hasMessage(
                        "TENSORLINK_NODE_ROLE: node.role = \"boss\": must be worker, validator or"
                                + " user");
    }

    @Test
    void a_variable_of_a_section_that_names_no_setting_is_refused_and_others_are_not() {
        var environment =
                Map.of(
                        "TENSORLINK_NETWORK_NMAE", "lab",
                        "TENSORLINK_LOG_FILE_NAME_PATTERN", "x",
                        "TENSORLINK_JAVA_OPTS", "-Xmx1g",
                        "PATH", "/bin");

        assertThatThrownBy(() -> Settings.gather(Map.of(), environment, Path.of("absent.toml")))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "unknown variable TENSORLINK_LOG_FILE_NAME_PATTERN\n"
                                + "unknown variable TENSORLINK_NETWORK_NMAE; did you mean"
                                + " TENSORLINK_NETWORK_NAME?");
    }

    private static NodeConfig config(Map<Setting, String> flags) {
        return NodeConfig.of(Settings.gather(flags, Map.of(), Path.of("absent.toml")), MACHINE);
    }
}
