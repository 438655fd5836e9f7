package tensorlink.node.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Configuration files that cannot be used are refused with a place and a reason. */
class ConfigFileTest {
    private static final int CORPUS_FLOOR = 50;
    private static final NodeConfig.Machine MACHINE = new NodeConfig.Machine(8L << 30, 4);

    @TempDir private Path folder;

    /**
     * Beside each {@code bad/NAME.toml} lies {@code NAME.expected}, where {@code FILE} is its path.
     */
    @TestFactory
    List<DynamicTest> every_bad_file_is_refused_with_its_message() throws Exception {
        var bad = corpus();
        try (var files = Files.list(bad)) {
            var cases =
                    files.filter(file -> file.toString().endsWith(".toml"))
                            .sorted()
                            .map(file ->
                                    DynamicTest.dynamicTest(
                                            file.getFileName().toString(), () -> check(file)))
                            .toList();
            assertThat(cases).hasSizeGreaterThanOrEqualTo(CORPUS_FLOOR);
            return cases;
        }
    }

    private static void check(Path file) throws IOException {
        var expected =
                file.resolveSibling(file.getFileName().toString().replace(".toml", ".expected"));

        assertThatThrownBy(() -> read(file))
                .isInstanceOf(ConfigException.class)
                .hasMessage(Files.readString(expected).strip().replace("FILE", file.toString()));
    }

    @Test
    void a_file_at_the_size_limit_is_read_and_one_byte_more_is_refused() throws Exception {
        var file = folder.resolve("config.toml");
        var name = "[network]\nname = \"lab\"\n#";
        Files.writeString(file, name + "x".repeat((256 << 10) - name.length()));
        assertThat(read(file).network()).isEqualTo("lab");

        Files.writeString(file, "x", java.nio.file.StandardOpenOption.APPEND);

        assertThatThrownBy(() -> read(file)).hasMessage(file + ": has more than 262144 bytes");
    }

    @Test
    void a_folder_in_the_place_of_the_file_is_refused() {
        assertThatThrownBy(() -> read(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(folder + ": cannot be read: ");
    }

    @Test
    void a_byte_order_mark_comments_and_both_line_ends_do_no_harm() throws Exception {
        var file = folder.resolve("config.toml");
        Files.writeString(file, "\uFEFFschema = 1 # the only one\r\n[node]\r\nrole = 'user'\r\n");

        assertThat(read(file).role()).isEqualTo(NodeConfig.Role.USER);
    }

    @Test
    void an_empty_file_says_nothing() throws Exception {
        var file = Files.createFile(folder.resolve("config.toml"));

        assertThat(read(file).network()).isEqualTo(Setting.NETWORK_NAME.preset());
    }

    private static NodeConfig read(Path file) {
        return NodeConfig.of(Settings.gather(Map.of(), Map.of(), file), MACHINE);
    }

    private static Path corpus() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(ConfigFileTest.class.getResource("bad")).toURI());
    }
}
