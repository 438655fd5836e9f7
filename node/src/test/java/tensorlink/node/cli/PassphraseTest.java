package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PassphraseTest {
    @TempDir private Path folder;

    @Test
    void the_first_line_of_a_file_beats_the_variable() throws Exception {
        var file = Files.writeString(folder.resolve("secret"), "gr\u00fcn und blau\r\nsecond\n");
        var passphrase = read("--passphrase-file", file.toString());

        assertThat(passphrase.read(true, Map.of(Passphrase.VARIABLE, "other"), null))
                .isEqualTo("gr\u00fcn und blau".toCharArray());
    }

    @Test
    void without_a_file_the_variable_counts() throws Exception {
        assertThat(read().read(false, Map.of(Passphrase.VARIABLE, "blue"), null))
                .isEqualTo("blue".toCharArray());
    }

    @Test
    void without_either_and_without_a_terminal_the_two_are_named() {
        assertThatThrownBy(() -> read().read(true, Map.of(), null))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("there is no terminal to ask at")
                .hasMessageContaining("--passphrase-file FILE")
                .hasMessageContaining(Passphrase.VARIABLE);
    }

    @Test
    void what_is_empty_too_long_or_no_text_is_refused() throws Exception {
        var file = folder.resolve("secret");

        Files.writeString(file, "\nsecond");
        refused(file, " is empty");
        Files.writeString(file, "x".repeat(1_025));
        refused(file, " has more than 1024 bytes");
        Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe});
        refused(file, " is not text in UTF-8");
    }

    private static void refused(Path file, String problem) {
        assertThatThrownBy(
                        () -> read("--passphrase-file", file.toString()).read(true, Map.of(), null))
                .isInstanceOf(UsageException.class)
                .hasMessageEndingWith(file + problem);
    }

    private static Passphrase read(String... arguments) {
        return CommandLine.populateCommand(new Passphrase(), arguments);
    }
}
