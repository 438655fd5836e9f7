package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NativeEnvironmentTest {
    private static final Cpu WIDE =
            Cpu.parse(
                    """
                    processor\t: 0
                    vendor_id\t: GenuineIntel
                    flags\t\t: fpu fma avx2 avx512f avx512dq avx512cd avx512bw avx512vl
                    processor\t: 1
                    flags\t\t: fpu
                    """);
    private static final Cpu NARROW = Cpu.parse("vendor_id : GenuineIntel\nflags : fpu fma avx2\n");
    private static final Cpu OTHER =
            Cpu.parse("vendor_id : AuthenticAMD\nflags : fpu fma avx2 avx512f\n");
    private static final Cpu UNKNOWN = Cpu.parse("CPU implementer : 0x41\n");

    @Test
    void waits_passively_and_reproducibly_and_stays_offline() {
        var environment = NativeEnvironment.decide(Map.of(), WIDE, Optional.empty());

        assertThat(environment.variables())
                .containsOnly(
                        Map.entry("OMP_WAIT_POLICY", "passive"),
                        Map.entry("MKL_CBWR", "AVX512,STRICT"),
                        Map.entry("NVIDIA_TF32_OVERRIDE", "0"),
                        Map.entry("CUBLAS_WORKSPACE_CONFIG", ":4096:8"));
        assertThat(environment.properties())
                .containsOnly(
                        Map.entry("ai.djl.offline", "true"), Map.entry("OPT_OUT_TRACKING", "true"));
        assertThat(environment.cpuCapability()).isEqualTo("AVX512");
    }

    @Test
    void what_the_user_set_stays() {
        var user =
                Map.of(
                        "OMP_WAIT_POLICY", "active",
                        "MKL_CBWR", "COMPATIBLE",
                        "NVIDIA_TF32_OVERRIDE", "1",
                        "CUBLAS_WORKSPACE_CONFIG", ":16:8",
                        "ATEN_CPU_CAPABILITY", "avx2",
                        "DJL_OFFLINE", "false",
                        "OPT_OUT_TRACKING", "false",
                        "ENGINE_CACHE_DIR", "/elsewhere");

        var environment = NativeEnvironment.decide(user, WIDE, Optional.of(Path.of("/here")));

        assertThat(environment.variables())
                .containsOnly(
                        Map.entry("OMP_WAIT_POLICY", "active"),
                        Map.entry("MKL_CBWR", "COMPATIBLE"),
                        Map.entry("NVIDIA_TF32_OVERRIDE", "1"),
                        Map.entry("CUBLAS_WORKSPACE_CONFIG", ":16:8"));
        assertThat(environment.cuda())
                .isEqualTo("NVIDIA_TF32_OVERRIDE 1, CUBLAS_WORKSPACE_CONFIG :16:8");
        assertThat(environment.properties()).isEmpty();
        assertThat(environment.mklCbwr()).isEqualTo("COMPATIBLE");
        assertThat(environment.cpuCapability()).isEqualTo("avx2");
    }

    @Test
    void the_native_folder_is_where_libraries_are_unpacked() {
        var environment = NativeEnvironment.decide(Map.of(), WIDE, Optional.of(Path.of("natives")));

        assertThat(environment.properties()).containsEntry("ENGINE_CACHE_DIR", "natives");
    }

    @Test
    void reproducibility_follows_the_processor_and_only_intels_have_it() {
        assertThat(WIDE.reproducibleMkl()).isEqualTo("AVX512,STRICT");
        assertThat(NARROW.reproducibleMkl()).isEqualTo("AVX2,STRICT");
        assertThat(NARROW.capability()).isEqualTo("AVX2");
        assertThat(OTHER.reproducibleMkl()).isEmpty();
        assertThat(OTHER.capability()).isEqualTo("AVX2");
        assertThat(UNKNOWN.reproducibleMkl()).isEmpty();
        assertThat(UNKNOWN.capability()).isEqualTo("DEFAULT");
        assertThat(NativeEnvironment.decide(Map.of(), OTHER, Optional.empty()).variables())
                .doesNotContainKey("MKL_CBWR");
    }
}
