package tensorlink.compute;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tensorlink.compute.tensor.DType;

class DigestTest {
    /** FIPS 180-2, B.1. */
    private static final String ABC =
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void is_sha_256_of_bytes_on_and_off_the_heap() {
        var bytes = "abc".getBytes(UTF_8);

        assertThat(Digest.of(bytes).hex()).isEqualTo(ABC);
        assertThat(Digest.of(MemorySegment.ofArray(bytes)).hex()).isEqualTo(ABC);
        assertThat(Digest.ofHash(Digest.of(bytes).bytes())).isEqualTo(Digest.of(bytes));
    }

    @Test
    void of_all_depends_on_names_and_parts_but_not_on_order() {
        var a = Digest.of("a".getBytes(UTF_8));
        var b = Digest.of("b".getBytes(UTF_8));
        var reversed = new LinkedHashMap<String, Digest>();
        reversed.put("y", b);
        reversed.put("x", a);

        assertThat(Digest.ofAll(reversed)).isEqualTo(Digest.ofAll(Map.of("x", a, "y", b)));
        assertThat(Digest.ofAll(Map.of("x", b, "y", a))).isNotEqualTo(Digest.ofAll(reversed));
        assertThat(Digest.ofAll(Map.of("x", a))).isNotEqualTo(Digest.ofAll(reversed));
    }

    @Test
    void refuses_anything_but_64_lower_case_digits() {
        assertThatThrownBy(() -> new Digest("AB")).hasMessage("not a SHA-256: \"AB\"");
    }

    @Test
    void profiles_that_differ_in_one_thing_have_other_ids() {
        var profile = profile("AVX512,STRICT");

        assertThat(profile("AVX512,STRICT").id()).isEqualTo(profile.id());
        assertThat(profile("AVX2,STRICT").id()).isNotEqualTo(profile.id());
    }

    private static ExecutionProfile profile(String cbwr) {
        return new ExecutionProfile(
                "djl 0.35.1",
                "2.7.1",
                new Digest(ABC),
                cbwr,
                "AVX512",
                DType.F32,
                "cpu",
                ExecutionProfile.ThreadRule.ANY);
    }
}
