package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreSharedKeyTest {
    private static final String HEAD = "/key/swarm/psk/1.0.0/\n";
    private static final String HEX = "00".repeat(31) + "2a";

    @TempDir Path folder;

    @Test
    void all_encodings_of_a_swarm_key_file_give_the_same_key() {
        var bytes = ByteString.copyFrom(new byte[31]).concat(ByteString.copyFromUtf8("*"));

        assertThat(parse(HEAD + "/base16/\n" + HEX + "\n").secret()).isEqualTo(bytes);
        assertThat(parse(HEAD + "/base16/\r\n" + HEX).secret()).isEqualTo(bytes);
        assertThat(parse(HEAD + "/base64/\n" + "A".repeat(41) + "Co=\n").secret()).isEqualTo(bytes);
        assertThat(
                        PreSharedKey.parse(ByteString.copyFromUtf8(HEAD + "/bin/\n").concat(bytes))
                                .secret())
                .isEqualTo(bytes);
    }

    @Test
    void what_is_written_is_read() throws Exception {
        var key = PreSharedKey.generate();
        var file = Files.writeString(folder.resolve("swarm.key"), key.text());

        assertThat(PreSharedKey.load(file)).isEqualTo(key);
    }

    @ParameterizedTest
    @CsvSource({
        "'', fewer than three lines",
        "'/key/swarm/psk/2.0.0/\n/base16/\n00', first line",
        "'/key/swarm/psk/1.0.0/\n/base58/\n00', encoding",
        "'/key/swarm/psk/1.0.0/\n/base16/\nxy', hexadecimal",
        "'/key/swarm/psk/1.0.0/\n/base64/\n?', base 64",
        "'/key/swarm/psk/1.0.0/\n/base16/\n0011', 2 bytes instead of 32",
        "'/key/swarm/psk/1.0.0/\n/bin/\n0', 1 bytes instead of 32"
    })
    void other_files_are_refused_with_the_reason(String content, String reason) throws Exception {
        var file = Files.writeString(folder.resolve("swarm.key"), content);

        assertThatThrownBy(() -> PreSharedKey.load(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void a_file_over_the_limit_is_not_read() throws Exception {
        var file = Files.writeString(folder.resolve("swarm.key"), "a".repeat(257));

        assertThatThrownBy(() -> PreSharedKey.load(file)).hasMessageContaining("limit 256");
    }

    @Test
    void its_text_shows_no_secret() {
        var key = parse(HEAD + "/base16/\n" + HEX);

        assertThat(key).hasToString("PreSharedKey[" + key.fingerprint() + "]");
        assertThat(key.fingerprint()).matches("[0-9a-f]{8}");
    }

    private static PreSharedKey parse(String content) {
        return PreSharedKey.parse(ByteString.copyFromUtf8(content));
    }
}
