package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** What names a network and the way into it. */
class NetworkTest {
    private static final String PEER = "12D3KooWEmA5G1aroNbxSst4sMEqAfjz88RfaCS4pisL3zdu2zqF";

    @Test
    void a_name_has_1_to_64_lower_case_letters_digits_dots_and_dashes() {
        assertThat(Network.named("a".repeat(64)).name()).hasSize(64);
        assertThat(Network.named("lab-7.example").bootstrap()).isEmpty();

        for (var bad : new String[] {"", "a".repeat(65), "Lab", "-lab", "my lab", "lab/x", "läb"}) {
            assertThatThrownBy(() -> Network.named(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "network name \"%s\": 1 to 64 of a-z, 0-9, dot and dash, a letter or"
                                    + " digit first",
                            bad);
        }
    }

    private static HostConfig host(Network network, Home home, String listen) {
        var options = NodeOptions.of(network, home, List.of(Multiaddr.parse(listen)));
        return Node.hostConfig(options);
    }

    private static boolean opensNat(Network network, Home home, String listen) {
        var config = host(network, home, listen);
        assertThat(config.searchesRelays()).isEqualTo(config.punchesHoles());
        return config.punchesHoles();
    }

    @Test
    void nats_are_opened_when_told_so_where_others_can_be(@TempDir Path folder) {
        var home = Home.at(folder);
        var open = Network.named("lab").presence(Presence.defaults().withNatOpening(true));
        var everywhere = "/ip4/0.0.0.0/tcp/0";

        assertThat(opensNat(open, home, everywhere)).isTrue();
        assertThat(opensNat(open, home, "/ip4/127.0.0.1/tcp/0")).isFalse();
        assertThat(opensNat(Network.named("lab"), home, everywhere)).isFalse();
    }

    @Test
    void who_has_the_power_relays_for_others_where_nats_are_opened(@TempDir Path folder) {
        var home = Home.at(folder);
        var standard = Presence.defaults().withNatOpening(true);
        var lowPower = standard.withProfile(Profile.LOWPOWER);
        var everywhere = "/ip4/0.0.0.0/tcp/0";
        var lab = Network.named("lab");

        assertThat(host(lab.presence(standard), home, everywhere).relayService()).isPresent();
        assertThat(host(lab.presence(lowPower), home, everywhere).relayService()).isEmpty();
        assertThat(host(lab, home, everywhere).relayService()).isEmpty();
    }

    @Test
    void the_first_node_answers_others_even_when_it_has_little_power() {
        var self = KeyPair.generate().peerId();
        var lowPower = Presence.defaults().withProfile(Profile.LOWPOWER);
        var first = Network.named("lab").presence(lowPower);
        var itself = new PeerInfo(self, List.of());
        var other = new PeerInfo(KeyPair.generate().peerId(), List.of());

        assertThat(first.serving(self)).isEqualTo(Serving.AUTO);
        assertThat(first.via(itself).serving(self)).isEqualTo(Serving.AUTO);
        assertThat(first.via(itself, other).serving(self)).isEqualTo(Serving.CLIENT);
        assertThat(first.presence(lowPower.withServing(Serving.CLIENT)).serving(self))
                .isEqualTo(Serving.CLIENT);
        assertThat(Network.named("lab").via(other).serving(self)).isEqualTo(Serving.AUTO);
    }

    @Test
    void bootstrap_addresses_are_read_and_what_is_none_is_refused() {
        var network = Network.named("lab").bootstrap("/ip4/192.0.2.7/tcp/4001/p2p/" + PEER);
        assertThat(network.name()).isEqualTo("lab");
        assertThat(network.bootstrap().getFirst().id().toString()).isEqualTo(PEER);

        for (var bad :
                new String[] {
                    "", "192.0.2.7:4001", "/ip4/192.0.2.7/tcp/4001", "/ip4/192.0.2.7/tcp/4001/p2p/x"
                }) {
            assertThatThrownBy(() -> Network.named("lab").bootstrap(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .message()
                    .isNotEmpty();
        }
    }
}
