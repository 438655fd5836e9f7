package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Stage;

/**
 * What js-libp2p and we say to each other before we meet. Js cannot dial from the port it listens
 * at, and so gets through no NAT: here the one of the two that the other dials can be dialled, but
 * has not said where before. Js takes public addresses only, so all are in a network namespace in
 * which such addresses lead back to this machine.
 */
@Tag("interop")
@Timeout(180)
class JsHolePunchTest {
    private static final String ADDRESSES =
            """
            set -e
            ip link set lo up
            ip addr add %s/32 dev lo
            ip addr add %s/32 dev lo
            ip addr add %s/32 dev lo
            echo "here $$"
            """
                    .formatted(PublicStage.OURS, PublicStage.THEIRS, PunchStage.RELAY);

    @Test
    void js_calls_us_and_dials_when_we_tell_it() throws Exception {
        try (var stage = Stage.set(ADDRESSES)) {
            var hosts = stage.play("here", PunchStage.class, "js calls");

            assertThat(hosts.next()).isEqualTo("has a place");
            assertThat(hosts.next()).isEqualTo("over the relay");
            assertThat(hosts.next()).isEqualTo("direct INBOUND");
            assertThat(hosts.exitValue()).isZero();
        }
    }

    @Test
    void we_call_js_and_dial_when_it_tells_us() throws Exception {
        try (var stage = Stage.set(ADDRESSES)) {
            var hosts = stage.play("here", PunchStage.class, "we call");

            assertThat(hosts.next()).isEqualTo("has a place");
            assertThat(hosts.next()).isEqualTo("over the relay");
            assertThat(hosts.next())
                    .isEqualTo("direct OUTBOUND /ip4/" + PublicStage.THEIRS + "/tcp/4001");
            assertThat(hosts.exitValue()).isZero();
        }
    }
}
