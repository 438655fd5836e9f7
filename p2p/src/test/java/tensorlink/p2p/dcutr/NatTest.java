package tensorlink.p2p.dcutr;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Stage;

/**
 * Two hosts at home, each behind the NAT of a kernel of its own, and a relay on a public network,
 * all in network namespaces of this machine. The NATs keep a port where it is free and let in who
 * was written to; or they are symmetric, and then nobody gets through.
 */
@Tag("interop")
@Timeout(120)
class NatTest {
    private static final String HOMES =
            """
            set -e
            pids=
            trap 'kill $pids' EXIT
            space() {
              unshare --net sleep 600 >&2 &
              pid=$!
              pids="$pids $pid"
              until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done
              echo "$1 $pid"
            }
            home() {
              space nat$1; nat=$pid
              space host$1; host=$pid
              ip link add out$1 type veth peer name wan netns $nat
              ip addr add 1.2.$1.1/24 dev out$1
              ip link set out$1 up
              nsenter --net --target $nat sh -ec "
                ip link set lo up
                ip addr add 1.2.$1.2/24 dev wan
                ip link set wan up
                ip route add default via 1.2.$1.1
                echo 1 > /proc/sys/net/ipv4/ip_forward
                ip link add lan type veth peer name eth netns $host
                ip addr add 192.168.$1.1/24 dev lan
                ip link set lan up"
              nsenter --net --target $host sh -ec "
                ip link set lo up
                ip addr add 192.168.$1.2/24 dev eth
                ip link set eth up
                ip route add default via 192.168.$1.1"
            }
            ip link set lo up
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo "public $$"
            home 1
            home 2
            """;

    private static Stage homes(String nat) throws Exception {
        var stage = Stage.set(HOMES);
        var first = stage.play("nat1", Masquerade.class, nat);
        var second = stage.play("nat2", Masquerade.class, nat);
        assertThat(first.exitValue()).isZero();
        assertThat(second.exitValue()).isZero();
        return stage;
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(strings = {"tcp/4001", "udp/4001/quic-v1"})
    void two_at_home_get_a_direct_connection(String behind) throws Exception {
        try (var stage = homes("keep")) {
            var relay = stage.play("public", PunchPlayer.class, "relay", behind, "0");
            assertThat(relay.next()).isEqualTo("at [/ip4/1.2.1.1/" + behind + "]");
            var callee = stage.play("host1", PunchPlayer.class, "callee", behind, "300");
            assertThat(callee.next()).isEqualTo("has a place");

            var caller = stage.play("host2", PunchPlayer.class, "caller", behind, "300");

            assertThat(caller.next()).isEqualTo("limited true");
            assertThat(caller.next()).isEqualTo("OUTBOUND /ip4/1.2.1.2/" + behind);
            assertThat(callee.next()).isEqualTo("INBOUND /ip4/1.2.2.2/" + behind);
            assertThat(caller.next()).startsWith("the relayed one is open");
            assertThat(caller.next()).isEqualTo("echo over a limited one false");
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(strings = {"tcp/4001", "udp/4001/quic-v1"})
    void one_finds_a_relay_and_the_other_a_stream_past_it(String behind) throws Exception {
        try (var stage = homes("keep")) {
            var relay = stage.play("public", PunchPlayer.class, "relay", behind, "0");
            assertThat(relay.next()).isEqualTo("at [/ip4/1.2.1.1/" + behind + "]");
            var searcher = stage.play("host1", PunchPlayer.class, "searcher", behind, "0");
            assertThat(searcher.next()).isEqualTo("has a place");

            var opener = stage.play("host2", PunchPlayer.class, "opener", behind, "0");

            assertThat(opener.next()).isEqualTo("streams over /ip4/1.2.1.2/" + behind);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(strings = {"tcp/4001", "udp/4001/quic-v1"})
    void behind_symmetric_nats_the_relayed_connection_stays_as_it_was(String behind)
            throws Exception {
        try (var stage = homes("random")) {
            var relay = stage.play("public", PunchPlayer.class, "relay", behind, "0");
            assertThat(relay.next()).isEqualTo("at [/ip4/1.2.1.1/" + behind + "]");
            var callee = stage.play("host1", PunchPlayer.class, "callee", behind, "0");
            assertThat(callee.next()).isEqualTo("has a place");

            var caller = stage.play("host2", PunchPlayer.class, "caller", behind, "250");

            assertThat(caller.next()).isEqualTo("limited true");
            assertThat(caller.next()).isEqualTo("none direct");
            assertThat(caller.next()).isEqualTo("the relayed one is open true");
            assertThat(caller.next()).isEqualTo("echo over a limited one true");
        }
    }
}
