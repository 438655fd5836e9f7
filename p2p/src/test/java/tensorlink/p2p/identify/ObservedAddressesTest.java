package tensorlink.p2p.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.multiaddr.Multiaddr;

class ObservedAddressesTest {
    private static final Multiaddr HERE = Multiaddr.parse("/ip4/8.8.8.8/tcp/4001");
    private static final long HALF_AN_HOUR = Duration.ofMinutes(30).toNanos();

    private final ObservedAddresses observations =
            new ObservedAddresses(Limits.defaults().identify());

    @Test
    void an_address_counts_once_three_networks_agree() {
        see("1.1.1.1", HERE, 0);
        see("2.2.2.2", HERE, 0);
        assertThat(observations.agreed(0)).isEmpty();

        see("3.3.3.3", HERE, 0);

        assertThat(observations.agreed(0)).containsExactly(HERE);
    }

    @Test
    void many_peers_in_one_network_are_one_voice() {
        for (int i = 1; i < 255; i++) {
            see("1.1.1." + i, HERE, 0);
            see("2001:4860:1:" + i + "::1", HERE, 0);
        }

        assertThat(observations.agreed(0)).isEmpty();
        see("2001:4860:2::1", HERE, 0);
        assertThat(observations.agreed(0)).containsExactly(HERE);
    }

    @Test
    void what_was_seen_half_an_hour_ago_counts_no_more() {
        see("1.1.1.1", HERE, 0);
        see("2.2.2.2", HERE, 0);
        see("3.3.3.3", HERE, 0);
        see("1.1.1.1", HERE, 1);

        assertThat(observations.agreed(HALF_AN_HOUR - 1)).containsExactly(HERE);
        assertThat(observations.agreed(HALF_AN_HOUR)).isEmpty();
    }

    @Test
    void addresses_that_are_not_public_do_not_count() {
        for (var text :
                new String[] {"/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/dns4/a/tcp/1"}) {
            for (int i = 1; i < 5; i++) {
                see(i + ".1.1.1", Multiaddr.parse(text), 0);
            }
        }

        assertThat(observations.agreed(0)).isEmpty();
    }

    @Test
    void a_liar_with_ever_new_addresses_does_not_push_out_what_others_agree_on() {
        see("1.1.1.1", HERE, 0);
        see("2.2.2.2", HERE, 0);

        for (int port = 1; port < 1000; port++) {
            see("6.6.6.6", Multiaddr.parse("/ip4/8.8.8.8/tcp/" + port), 0);
        }
        see("3.3.3.3", HERE, 0);

        assertThat(observations.agreed(0)).containsExactly(HERE);
    }

    private void see(String observer, Multiaddr address, long now) {
        observations.observed(InetAddress.ofLiteral(observer), address, now);
    }
}
