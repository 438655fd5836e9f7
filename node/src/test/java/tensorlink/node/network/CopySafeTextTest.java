package tensorlink.node.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CopySafeTextTest {
    @Test
    void the_vectors_of_rfc_4648_hold_without_padding() {
        var vectors =
                Map.of(
                        "",
                        "",
                        "f",
                        "my",
                        "fo",
                        "mzxq",
                        "foo",
                        "mzxw6",
                        "foob",
                        "mzxw6yq",
                        "fooba",
                        "mzxw6ytb",
                        "foobar",
                        "mzxw6ytboi");

        vectors.forEach((plain, text) -> {
            assertThat(CopySafeText.encode(ByteString.copyFromUtf8(plain))).isEqualTo(text);
            assertThat(CopySafeText.decode(text).toStringUtf8()).isEqualTo(plain);
        });
    }

    @Test
    void any_bytes_come_back() {
        var random = new Random(7);
        for (int length = 0; length < 100; length++) {
            var bytes = new byte[length];
            random.nextBytes(bytes);
            var content = ByteString.copyFrom(bytes);

            assertThat(CopySafeText.decode(CopySafeText.encode(content)))
                    .as("seed 7")
                    .isEqualTo(content);
        }
    }

    @Test
    void what_no_bytes_lead_to_is_refused() {
        for (var bad : List.of("m", "mzx", "mz", "mzxw6y", "m1", "m!", "mzxq=")) {
            assertThatThrownBy(() -> CopySafeText.decode(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
