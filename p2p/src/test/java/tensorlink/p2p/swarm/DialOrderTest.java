package tensorlink.p2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** Which addresses are dialled at all, in which order, and when again. */
class DialOrderTest {
    private static final long SECOND = 1_000_000_000;
    private static final PeerId PEER = KeyPair.generate().peerId();
    private static final Multiaddr SOMEWHERE = Multiaddr.parse("/ip4/8.8.8.8/tcp/4001");
    private static final Multiaddr ELSEWHERE = Multiaddr.parse("/ip4/9.9.9.9/tcp/4001");

    private final DialBackOff backOff =
            new DialBackOff(Limits.defaults().dialling(), new Random(1));

    @Test
    void near_before_far_and_relays_last() {
        assertThat(
                        ranked(
                                "/ip4/8.8.8.8/tcp/1/p2p/" + PEER + "/p2p-circuit",
                                "/ip4/8.8.8.8/tcp/1",
                                "/ip4/192.168.0.1/tcp/1",
                                "/ip4/127.0.0.1/tcp/1"))
                .containsExactly(
                        "/ip4/127.0.0.1/tcp/1",
                        "/ip4/192.168.0.1/tcp/1",
                        "/ip4/8.8.8.8/tcp/1",
                        "/ip4/8.8.8.8/tcp/1/p2p/" + PEER + "/p2p-circuit");
    }

    @Test
    void quic_first_to_the_world_and_tcp_first_at_home() {
        assertThat(
                        ranked(
                                "/ip4/8.8.8.8/tcp/1/ws",
                                "/ip4/8.8.8.8/tcp/1",
                                "/ip4/8.8.8.8/udp/1/quic-v1",
                                "/ip4/10.0.0.1/udp/1/quic-v1",
                                "/ip4/10.0.0.1/tcp/1"))
                .containsExactly(
                        "/ip4/10.0.0.1/tcp/1",
                        "/ip4/10.0.0.1/udp/1/quic-v1",
                        "/ip4/8.8.8.8/udp/1/quic-v1",
                        "/ip4/8.8.8.8/tcp/1",
                        "/ip4/8.8.8.8/tcp/1/ws");
    }

    @Test
    void the_families_take_turns_and_equals_keep_their_order() {
        assertThat(
                        ranked(
                                "/ip4/8.8.8.8/tcp/1",
                                "/ip4/8.8.4.4/tcp/1",
                                "/ip6/2606:4700::1/tcp/1",
                                "/ip6/2606:4700::2/tcp/1",
                                "/ip6/2606:4700::3/tcp/1"))
                .containsExactly(
                        "/ip6/2606:4700::1/tcp/1",
                        "/ip4/8.8.8.8/tcp/1",
                        "/ip6/2606:4700::2/tcp/1",
                        "/ip4/8.8.4.4/tcp/1",
                        "/ip6/2606:4700::3/tcp/1");
    }

    @Test
    void an_address_that_failed_rests_twice_as_long_each_time_up_to_five_minutes() {
        long now = 0;
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 10; i++) {
            backOff.failed(PEER, SOMEWHERE, now);
            long pause = backOff.pause(PEER, SOMEWHERE, now).orElseThrow().toNanos();
            pauses.add(pause);
            now += pause;
            assertThat(backOff.pause(PEER, SOMEWHERE, now)).isEmpty();
        }

        for (int i = 0; i < pauses.size(); i++) {
            long full = Math.min((5 * SECOND) << i, 300 * SECOND);
            assertThat(pauses.get(i)).as("pause %d, seed 1", i).isBetween(full / 2, full);
        }
    }

    @Test
    void only_what_failed_rests_and_not_once_the_peer_is_there() {
        backOff.failed(PEER, SOMEWHERE, 0);

        assertThat(backOff.pause(PEER, ELSEWHERE, 0)).isEmpty();
        assertThat(backOff.pause(KeyPair.generate().peerId(), SOMEWHERE, 0)).isEmpty();
        backOff.reached(PEER);
        assertThat(backOff.pause(PEER, SOMEWHERE, 0)).isEmpty();
    }

    @Test
    void addresses_on_this_machine_are_tried_again_at_once() {
        var here = Multiaddr.parse("/ip4/127.0.0.1/tcp/1");

        backOff.failed(PEER, here, 0);

        assertThat(backOff.pause(PEER, here, 0)).isEmpty();
    }

    @Test
    void the_oldest_failures_make_room_for_new_ones() {
        for (int i = 0; i <= DialBackOff.ENTRIES_MAX; i++) {
            backOff.failed(PEER, Multiaddr.parse("/dns4/h" + i + ".example/tcp/1"), 0);
        }

        assertThat(backOff.pause(PEER, Multiaddr.parse("/dns4/h0.example/tcp/1"), 0)).isEmpty();
        assertThat(backOff.pause(PEER, Multiaddr.parse("/dns4/h1.example/tcp/1"), 0)).isPresent();
    }

    @Test
    void a_host_on_the_public_network_dials_public_addresses_only() throws Exception {
        var gate = gate(Reach.AUTO, false, "/ip4/8.8.8.8/tcp/1", "/ip4/127.0.0.1/tcp/1");

        gate.check(PEER, ELSEWHERE);
        gate.check(PEER, Multiaddr.parse("/memory/a"));
        for (var text :
                List.of(
                        "/ip4/127.0.0.1/tcp/1",
                        "/ip4/10.0.0.1/udp/1/quic-v1",
                        "/ip4/169.254.169.254/tcp/80",
                        "/ip4/192.0.2.1/tcp/1",
                        "/ip6/::ffff:10.0.0.1/tcp/1",
                        "/dns4/localhost/tcp/1")) {
            assertThatThrownBy(() -> gate.check(PEER, Multiaddr.parse(text)))
                    .as(text)
                    .isInstanceOf(GateException.class)
                    .hasMessageContaining("dials only PUBLIC addresses");
        }
    }

    @Test
    void at_home_and_in_a_private_network_any_address_is_dialled() throws Exception {
        var home = Multiaddr.parse("/ip4/192.168.0.1/tcp/1");

        gate(Reach.AUTO, false, "/ip4/192.168.0.2/tcp/1").check(PEER, home);
        gate(Reach.ANY, false, "/ip4/8.8.8.8/tcp/1").check(PEER, home);
        gate(Reach.PUBLIC, true, "/ip4/8.8.8.8/tcp/1").check(PEER, home);
        gate(Reach.PUBLIC, false, "/ip4/127.0.0.1/tcp/1").check(PEER, home);
        assertThatThrownBy(() -> gate(Reach.PUBLIC, false).check(PEER, home))
                .isInstanceOf(GateException.class);
    }

    @Test
    void denied_peers_and_subnets_are_not_dialled_until_they_are_off_the_list() throws Exception {
        var gater = new Gater();
        var gate = new DialGate(gater, Reach.ANY, false, List::of);
        gater.deny(Subnet.parse("8.0.0.0/8"));
        assertThatThrownBy(() -> gate.check(PEER, SOMEWHERE)).hasMessageContaining("8.0.0.0/8");
        gate.check(PEER, ELSEWHERE);

        gater.deny(PEER);
        assertThatThrownBy(() -> gate.check(PEER, ELSEWHERE)).hasMessageContaining("is denied");
        gater.undeny(PEER);
        gater.undeny(Subnet.parse("8.1.2.3/8"));

        gate.check(PEER, SOMEWHERE);
    }

    @Test
    void with_a_list_of_those_allowed_nobody_else_passes() throws Exception {
        var gater = new Gater();
        gater.allow(PEER);
        var gate = new DialGate(gater, Reach.ANY, false, List::of);

        gate.check(PEER, SOMEWHERE);
        assertThatThrownBy(() -> gate.check(KeyPair.generate().peerId(), SOMEWHERE))
                .hasMessageContaining("not among those allowed");
        gater.allow(Subnet.parse("9.0.0.0/8"));
        assertThatThrownBy(() -> gate.check(PEER, SOMEWHERE)).hasMessageContaining("no subnet");
        gater.deny(PEER);
        assertThatThrownBy(() -> gate.check(PEER, ELSEWHERE)).hasMessageContaining("is denied");
    }

    private static DialGate gate(Reach reach, boolean isPrivate, String... ours) {
        return new DialGate(new Gater(), reach, isPrivate, () -> addresses(ours));
    }

    private static List<String> ranked(String... texts) {
        var ranked = new ArrayList<String>();
        for (var address : AddressRanking.rank(addresses(texts))) {
            ranked.add(address.toString());
        }
        return ranked;
    }

    private static List<Multiaddr> addresses(String... texts) {
        var addresses = new ArrayList<Multiaddr>();
        for (var text : texts) {
            addresses.add(Multiaddr.parse(text));
        }
        return addresses;
    }

    @Test
    void the_limits_are_five_seconds_to_five_minutes() {
        assertThat(Limits.defaults().dialling().backOffMin()).isEqualTo(Duration.ofSeconds(5));
        assertThat(Limits.defaults().dialling().backOffMax()).isEqualTo(Duration.ofMinutes(5));
    }
}
