package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import tensorlink.node.config.Setting;

/** The module's page says what the program does. */
class ReadmeTest {
    private static final Path README = Path.of("README.md");

    @Test
    void the_table_of_keys_lists_every_key_with_its_type_default_and_meaning() throws Exception {
        var expected =
                List.of(Setting.values()).stream()
                        .map(setting ->
                                String.format(
                                                Locale.ROOT,
                                                "| `%s` | %s | %s | %s |",
                                                setting.key(),
                                                setting.kind().name().toLowerCase(Locale.ROOT),
                                                setting.preset().isEmpty()
                                                        ? ""
                                                        : "`" + setting.preset() + "`",
                                                setting.description())
                                        .replace("|  |", "| |"))
                        .toList();

        assertThat(rows("| key |")).isEqualTo(expected);
    }

    @Test
    void the_table_of_exit_statuses_lists_every_one() throws Exception {
        var expected =
                List.of(ExitCode.values()).stream()
                        .map(code -> "| " + code.status() + " | " + code.meaning() + " |")
                        .toList();

        assertThat(rows("| status |")).isEqualTo(expected);
    }

    @Test
    void the_table_of_subcommands_lists_every_one() throws Exception {
        var expected =
                CommandLineProgram.line().getSubcommands().keySet().stream()
                        .filter(name -> !List.of("demo", "parity", "bench").contains(name))
                        .toList();

        assertThat(rows("| command |").stream().map(row -> row.split("`", -1)[1]).toList())
                .isEqualTo(expected);
    }

    /** The rows of the table whose header begins so. */
    private static List<String> rows(String header) throws IOException {
        var lines = Files.readAllLines(README);
        int first = 0;
        while (!lines.get(first).startsWith(header)) {
            first++;
        }
        return lines.subList(first + 2, lines.size()).stream()
                .takeWhile(line -> line.startsWith("|"))
                .toList();
    }
}
