package tensorlink.p2p.autonat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.multiaddr.Multiaddr;

class ReachabilityJudgeTest {
    private static final Multiaddr ONE = Multiaddr.parse("/ip4/1.2.3.4/tcp/1");
    private static final Multiaddr TWO = Multiaddr.parse("/ip4/1.2.3.4/udp/1/quic-v1");
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final ReachabilityJudge judge = new ReachabilityJudge(AutoNatLimits.defaults());

    private void reachable(Multiaddr address, String network) {
        judge.heard(new Verdict.Reachable(address), network, 0);
    }

    private void unreachable(String network, Multiaddr... addresses) {
        judge.heard(new Verdict.Unreachable(List.of(addresses)), network, 0);
    }

    @Test
    void without_an_address_nobody_can_dial() {
        judge.addresses(List.of());

        assertThat(judge.reachability(0)).isEqualTo(Reachability.PRIVATE);
    }

    @Test
    void nothing_is_known_before_three_networks_agree() {
        judge.addresses(List.of(ONE));
        reachable(ONE, "a");
        reachable(ONE, "b");
        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);

        reachable(ONE, "c");

        assertThat(judge.reachability(0)).isEqualTo(Reachability.PUBLIC);
    }

    @Test
    void a_network_has_one_voice() {
        judge.addresses(List.of(ONE));
        for (int i = 0; i < 10; i++) {
            reachable(ONE, "a");
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);
    }

    @Test
    void one_address_that_is_reachable_is_enough() {
        judge.addresses(List.of(ONE, TWO));
        for (var network : List.of("a", "b", "c")) {
            unreachable(network, ONE);
        }
        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);
        for (var network : List.of("a", "b", "c")) {
            reachable(TWO, network);
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.PUBLIC);
        assertThat(judge.of(ONE, 0)).isEqualTo(Reachability.PRIVATE);
    }

    @Test
    void a_host_is_private_when_none_of_its_addresses_is_reachable() {
        judge.addresses(List.of(ONE, TWO));
        for (var network : List.of("a", "b", "c")) {
            unreachable(network, ONE, TWO);
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.PRIVATE);
    }

    @Test
    void a_draw_is_no_answer() {
        judge.addresses(List.of(ONE));
        for (var network : List.of("a", "b", "c")) {
            reachable(ONE, network);
        }
        for (var network : List.of("d", "e", "f")) {
            unreachable(network, ONE);
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);
    }

    @Test
    void the_last_verdict_of_a_network_counts() {
        judge.addresses(List.of(ONE));
        for (var network : List.of("a", "b", "c")) {
            reachable(ONE, network);
        }
        for (var network : List.of("a", "b", "c")) {
            unreachable(network, ONE);
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.PRIVATE);
    }

    @Test
    void verdicts_grow_old() {
        judge.addresses(List.of(ONE));
        for (var network : List.of("a", "b", "c")) {
            reachable(ONE, network);
        }

        assertThat(judge.reachability(HOUR - 1)).isEqualTo(Reachability.PUBLIC);
        assertThat(judge.reachability(HOUR)).isEqualTo(Reachability.UNKNOWN);
    }

    @Test
    void a_refusal_says_nothing_and_so_does_a_verdict_on_what_is_not_ours() {
        judge.addresses(List.of(ONE));
        for (var network : List.of("a", "b", "c")) {
            judge.heard(new Verdict.Refused("busy"), network, 0);
            reachable(TWO, network);
        }

        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);
    }

    @Test
    void an_address_that_is_gone_is_forgotten() {
        judge.addresses(List.of(ONE));
        for (var network : List.of("a", "b", "c")) {
            reachable(ONE, network);
        }

        judge.addresses(List.of(TWO));
        judge.addresses(List.of(ONE, TWO));

        assertThat(judge.reachability(0)).isEqualTo(Reachability.UNKNOWN);
    }

    @Test
    void what_is_unclear_is_asked_first() {
        judge.addresses(List.of(ONE, TWO));
        for (var network : List.of("a", "b", "c")) {
            unreachable(network, ONE);
        }

        assertThat(judge.toAsk(0)).containsExactly(TWO, ONE);
    }
}
