package tensorlink.node.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A configuration file and what Jazzer makes of it: each is read, or refused with its faults. */
class ConfigFileInputTest {
    private static final String GOOD =
            """
            schema = 1
            [network]
            name = "lab"
            bootstrap = ["/ip4/127.0.0.1/tcp/4001"]
            [compute]
            device = "cuda:0,1"
            threads = 2
            """;

    @TempDir private static Path folder;

    static {
        // The parser refuses some headers by an assertion before its own error, as nobody runs it.
        ConfigFileInputTest.class.getClassLoader().setPackageAssertionStatus("org.tomlj", false);
    }

    static List<byte[]> inputs() throws IOException, URISyntaxException {
        var inputs = new ArrayList<byte[]>();
        inputs.add(GOOD.getBytes(StandardCharsets.UTF_8));
        var bad = Objects.requireNonNull(ConfigFileInputTest.class.getResource("bad"));
        try (var files = Files.list(Path.of(bad.toURI()))) {
            for (var file : files.filter(it -> it.toString().endsWith(".toml")).toList()) {
                inputs.add(Files.readAllBytes(file));
            }
        }
        return inputs;
    }

    @MethodSource("inputs")
    @ParameterizedTest
    void a_known_content_is_read_or_refused_and_so_again(byte[] content) throws IOException {
        assertThat(outcome(content)).isEqualTo(outcome(content));
    }

    @Tag("fuzz")
    @MethodSource("inputs")
    @FuzzTest(maxExecutions = 1_000_000, maxDuration = "2h")
    void anything_is_read_or_refused_and_so_again(byte[] content) throws IOException {
        assertThat(outcome(content)).isEqualTo(outcome(content));
    }

    private static String outcome(byte[] content) throws IOException {
        var file = Files.write(folder.resolve("config.toml"), content);
        try {
            return ConfigFile.read(file).toString();
        } catch (ConfigException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
