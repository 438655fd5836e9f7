package tensorlink.p2p.multiformats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultibaseTest {

    /** The basic vectors of the multibase specification. */
    @ParameterizedTest
    @CsvSource({
        "f796573206d616e692021",
        "bpfsxgidnmfxgsibb",
        "k2lcpzo5yikidynfl",
        "z7paNL19xttacUY",
        "meWVzIG1hbmkgIQ",
        "ueWVzIG1hbmkgIQ"
    })
    void every_base_reads_and_writes_yes_mani(String text) {
        var bytes = ByteString.copyFromUtf8("yes mani !");

        assertThat(Multibase.decodePrefixed(text)).isEqualTo(bytes);
        assertThat(Multibase.values())
                .anySatisfy(base -> assertThat(base.encodePrefixed(bytes)).isEqualTo(text));
    }

    @ParameterizedTest
    @EnumSource
    void reads_back_what_it_writes_leading_zeros_included(Multibase base) {
        var random = new Random(11);

        for (int length = 0; length < 200; length++) {
            var bytes = new byte[length];
            random.nextBytes(bytes);
            if (length > 2) {
                bytes[0] = 0;
                bytes[1] = 0;
            }
            var original = ByteString.copyFrom(bytes);

            assertThat(base.decode(base.encode(original)))
                    .as("seed 11, length %d", length)
                    .isEqualTo(original);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "?abc", "zl0", "bABC", "b1", "bpf=", "f0", "fxx", "m***", "baaaaab"})
    void refuses_unknown_bases_and_foreign_characters(String text) {
        assertThatThrownBy(() -> Multibase.decodePrefixed(text))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refuses_text_that_would_take_long_to_convert() {
        var longest = "1".repeat(Multibase.TEXT_LENGTH_MAX);

        assertThat(Multibase.BASE58.decode(longest).size()).isEqualTo(longest.length());
        assertThatThrownBy(() -> Multibase.BASE58.decode(longest + "1"))
                .hasMessageContaining("limit 1024");
    }
}
