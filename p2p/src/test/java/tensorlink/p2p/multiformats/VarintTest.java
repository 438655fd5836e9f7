package tensorlink.p2p.multiformats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VarintTest {

    @ParameterizedTest
    @CsvSource({
        "0, 00",
        "1, 01",
        "127, 7f",
        "128, 8001",
        "255, ff01",
        "300, ac02",
        "16384, 808001",
        "9223372036854775807, ffffffffffffffff7f"
    })
    void has_the_bytes_of_the_specification(long value, String hex) {
        assertThat(Varint.encode(value)).isEqualTo(bytes(hex));
        assertThat(new ByteReader(bytes(hex)).varint()).isEqualTo(value);
        assertThat(Varint.size(value)).isEqualTo(hex.length() / 2);
    }

    @Test
    void reads_back_what_it_writes() {
        var random = new Random(7);

        for (int i = 0; i < 10_000; i++) {
            long value = random.nextLong() >>> (1 + random.nextInt(62));
            var reader = new ByteReader(Varint.encode(value));

            assertThat(reader.varint()).as("seed 7, value %d", value).isEqualTo(value);
            assertThat(reader.remaining()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "8000, shortest form",
        "8100, shortest form",
        "ff8000, shortest form",
        "80808080808080808080, more than 9 bytes",
        "ffffffffffffffffff01, more than 9 bytes",
        "80, cut off",
        "ffff, cut off"
    })
    void refuses_what_is_not_minimal_too_long_or_cut_off(String hex, String reason) {
        assertThatThrownBy(() -> new ByteReader(bytes(hex)).varint())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void refuses_to_write_a_negative_number() {
        assertThatThrownBy(() -> Varint.encode(-1)).hasMessageContaining("-1");
    }

    @Test
    void a_reader_takes_nothing_beyond_its_end() {
        var reader = new ByteReader(bytes("0102"));

        assertThatThrownBy(() -> reader.take(3)).hasMessageContaining("only 2 bytes are left");
        assertThatThrownBy(() -> reader.take(Long.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(reader.take(2)).isEqualTo(bytes("0102"));
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
