package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * AutoNAT with js-libp2p, both ways. Js dials public addresses only, so both are in a network
 * namespace in which such addresses lead back to this machine; that takes {@code unshare} and
 * {@code ip} of Linux.
 */
@Tag("interop")
@Timeout(180)
class JsAutoNatTest {
    private static final String STAGE =
            "ip link set lo up && ip addr add %s/32 dev lo && ip addr add %s/32 dev lo && exec \"$@\""
                    .formatted(PublicStage.OURS, PublicStage.THEIRS);

    @ParameterizedTest
    @ValueSource(strings = {"1", "2"})
    void js_and_we_tell_each_other_that_we_can_be_reached(String version) throws Exception {
        var process =
                new ProcessBuilder(
                                "unshare",
                                "--map-root-user",
                                "--net",
                                "sh",
                                "-c",
                                STAGE,
                                "stage",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                classes(),
                                PublicStage.class.getName(),
                                version)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var output = process.inputReader(StandardCharsets.UTF_8)) {
            var lines = output.lines().toList();

            assertThat(lines).contains("ours PUBLIC", "theirs true");
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static String classes() {
        var classes = System.getProperty("surefire.test.class.path");
        return classes == null ? System.getProperty("java.class.path") : classes;
    }
}
