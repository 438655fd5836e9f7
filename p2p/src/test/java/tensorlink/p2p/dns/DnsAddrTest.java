package tensorlink.p2p.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

@Timeout(60)
class DnsAddrTest {
    private static final PeerId PEER = KeyPair.generate().peerId();
    private static final PeerId OTHER = KeyPair.generate().peerId();
    private static final Multiaddr START = Multiaddr.parse("/dnsaddr/start.example");

    private final List<String> asked = new ArrayList<>();

    @Test
    void only_what_names_the_peer_is_believed() throws IOException {
        var names =
                new DnsAddr(
                        zone(
                                Map.of(
                                        "_dnsaddr.start.example",
                                        List.of(
                                                "dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + PEER,
                                                "dnsaddr=/ip4/9.9.9.9/tcp/1/p2p/" + OTHER,
                                                "dnsaddr=/ip4/7.7.7.7/tcp/1",
                                                "dnsaddr=/newer/transport/p2p/" + PEER,
                                                "dnsaddr=nonsense",
                                                "v=spf1 -all"))));

        assertThat(names.resolve(START, PEER, 10))
                .containsExactly(Multiaddr.parse("/ip4/8.8.8.8/tcp/1"));
    }

    @Test
    void everybody_behind_a_name_is_found_with_all_addresses_up_to_the_limit() throws IOException {
        var names =
                new DnsAddr(
                        zone(
                                Map.of(
                                        "_dnsaddr.start.example",
                                        List.of(
                                                "dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + PEER,
                                                "dnsaddr=/ip4/7.7.7.7/tcp/1",
                                                "dnsaddr=/p2p/" + OTHER,
                                                "dnsaddr=/dnsaddr/next.example",
                                                "dnsaddr=/ip4/8.8.8.8/tcp/2/p2p/" + PEER),
                                        "_dnsaddr.next.example",
                                        List.of("dnsaddr=/ip4/9.9.9.9/tcp/1/p2p/" + OTHER))));
        var first =
                new PeerInfo(
                        PEER,
                        List.of(
                                Multiaddr.parse("/ip4/8.8.8.8/tcp/1"),
                                Multiaddr.parse("/ip4/8.8.8.8/tcp/2")));
        var second = new PeerInfo(OTHER, List.of(Multiaddr.parse("/ip4/9.9.9.9/tcp/1")));

        assertThat(names.peers(START, 3)).containsExactly(first, second);
        assertThat(names.peers(START, 2)).containsExactly(first);
        assertThatThrownBy(() -> names.peers(Multiaddr.parse("/dnsaddr/none.example"), 3))
                .isInstanceOf(IOException.class)
                .hasMessage("/dnsaddr/none.example leads to no peer");
    }

    @Test
    void names_lead_to_names_and_none_is_asked_twice() throws IOException {
        var names =
                new DnsAddr(
                        zone(
                                Map.of(
                                        "_dnsaddr.start.example",
                                        List.of(
                                                "dnsaddr=/dnsaddr/next.example/p2p/" + PEER,
                                                "dnsaddr=/dnsaddr/start.example"),
                                        "_dnsaddr.next.example",
                                        List.of("dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + PEER))));

        assertThat(names.resolve(START, PEER, 10)).hasSize(1);
        assertThat(asked).containsExactly("_dnsaddr.start.example", "_dnsaddr.next.example");
    }

    @Test
    void an_endless_chain_ends_at_the_limit() {
        TxtLookup endless =
                name -> {
                    asked.add(name);
                    return List.of("dnsaddr=/dnsaddr/n" + asked.size() + ".example");
                };

        assertThatThrownBy(() -> new DnsAddr(endless).resolve(START, PEER, 10))
                .isInstanceOf(IOException.class);

        assertThat(asked).hasSize(DnsAddr.LOOKUPS_MAX);
    }

    @Test
    void a_name_with_a_thousand_branches_is_not_followed_far() {
        TxtLookup wide =
                name -> {
                    asked.add(name);
                    var texts = new ArrayList<String>();
                    for (int i = 0; i < 1000; i++) {
                        texts.add("dnsaddr=/dnsaddr/n" + asked.size() + "x" + i + ".example");
                    }
                    return texts;
                };

        assertThatThrownBy(() -> new DnsAddr(wide).resolve(START, PEER, 10))
                .hasMessageContaining("more than 32 names");
        assertThat(asked).hasSize(DnsAddr.LOOKUPS_MAX);
    }

    @Test
    void no_more_addresses_come_back_than_are_wanted() throws IOException {
        TxtLookup many =
                name -> {
                    var texts = new ArrayList<String>();
                    for (int i = 1; i < 1000; i++) {
                        texts.add("dnsaddr=/ip4/8.8.8.8/tcp/" + i + "/p2p/" + PEER);
                    }
                    return texts;
                };

        assertThat(new DnsAddr(many).resolve(START, PEER, 10)).hasSize(10);
        assertThat(new DnsAddr(many).resolve(START, PEER, 10_000)).hasSize(DnsAddr.RECORDS_MAX);
    }

    @Test
    void the_jdk_asks_a_real_name_server() throws Exception {
        try (var server =
                new TinyNameServer(
                        Map.of(
                                "_dnsaddr.start.example",
                                List.of("dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + PEER, "two words")))) {
            var lookup = TxtLookup.of("dns://127.0.0.1:" + server.port(), Duration.ofSeconds(5));

            assertThat(lookup.texts("_dnsaddr.start.example"))
                    .containsExactlyInAnyOrder(
                            "dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + PEER, "two words");
            assertThat(lookup.texts("_dnsaddr.missing.example")).isEmpty();
        }
    }

    private TxtLookup zone(Map<String, List<String>> records) {
        return name -> {
            asked.add(name);
            return records.getOrDefault(name, List.of());
        };
    }
}
