package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Stage;

/**
 * AutoNAT with js-libp2p. Js dials public addresses only, so all are in a network namespace in
 * which such addresses lead back to this machine. By version 1 js answers nobody: it takes the
 * connection over which it was asked for one that it dialled, and closes it.
 */
@Tag("interop")
@Timeout(180)
class JsAutoNatTest {
    private static final String ADDRESSES =
            """
            set -e
            ip link set lo up
            for network in 1 2 3 4; do ip addr add $network.2.3.4/32 dev lo; done
            ip addr add %s/32 dev lo
            echo "here $$"
            """
                    .formatted(PublicStage.THEIRS);

    @Test
    void by_version_2_js_and_we_tell_each_other_that_we_can_be_reached() throws Exception {
        try (var stage = Stage.set(ADDRESSES)) {
            var hosts = stage.play("here", PublicStage.class, "2");

            assertThat(hosts.next()).isEqualTo("ours PUBLIC");
            assertThat(hosts.next()).isEqualTo("theirs true");
            assertThat(hosts.exitValue()).isZero();
        }
    }

    @Test
    void by_version_1_we_tell_js_that_it_can_be_reached() throws Exception {
        try (var stage = Stage.set(ADDRESSES)) {
            var hosts = stage.play("here", PublicStage.class, "1");

            assertThat(hosts.next()).isEqualTo("theirs true");
            assertThat(hosts.exitValue()).isZero();
        }
    }
}
