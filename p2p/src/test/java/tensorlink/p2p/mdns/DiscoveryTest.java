package tensorlink.p2p.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

class DiscoveryTest {
    private static final PreSharedKey KEY =
            new PreSharedKey(ByteString.copyFromUtf8("0123456789abcdef0123456789abcdef"));
    private static final String SERVICES = "_services._dns-sd._udp.local";

    private final PeerInfo self = peer(1, "/ip4/10.0.0.1/tcp/4001");
    private final Discovery ours = discovery(Optional.empty(), 1);
    private final Discovery theirs = discovery(Optional.empty(), 2);

    @Test
    void two_peers_hear_each_other_through_packets() throws Exception {
        var question = DnsMessage.decode(theirs.question().encode(120));

        var answer = DnsMessage.decode(ours.answer(question, self).orElseThrow().encode(120));

        assertThat(theirs.heard(answer)).containsExactly(self);
    }

    @Test
    void nobody_hears_itself() {
        var answer = ours.answer(theirs.question(), self).orElseThrow();

        assertThat(ours.heard(answer)).isEmpty();
    }

    @Test
    void the_name_is_made_up_and_says_nothing_of_the_peer() {
        assertThat(ours.instance()).matches("[a-z0-9]{32}\\._p2p\\._udp\\.local");
        assertThat(ours.instance()).isNotEqualTo(theirs.instance());
    }

    @Test
    void a_question_for_something_else_is_not_answered() {
        assertThat(ours.answer(DnsMessage.question("_ipp._tcp.local"), self)).isEmpty();
        var question = new DnsMessage.Question("_p2p._udp.local", false, false);
        assertThat(ours.answer(new DnsMessage(false, List.of(question), List.of()), self))
                .isEmpty();
    }

    @Test
    void the_list_of_services_names_libp2p() {
        var answer = ours.answer(DnsMessage.question(SERVICES), self).orElseThrow();

        assertThat(answer.records())
                .containsExactly(new DnsMessage.Entry.Pointer(SERVICES, "_p2p._udp.local"));
    }

    @Test
    void only_addresses_that_lead_somewhere_from_the_local_network_are_told() {
        var addresses = new ArrayList<Multiaddr>();
        for (var text :
                List.of(
                        "/ip4/127.0.0.1/tcp/1",
                        "/ip4/0.0.0.0/tcp/1",
                        "/ip4/203.0.113.5/tcp/1",
                        "/dns4/example.org/tcp/1",
                        "/ip4/10.0.0.1/tcp/4001")) {
            addresses.add(Multiaddr.parse(text));
        }

        var answer = ours.answer(theirs.question(), new PeerInfo(self.id(), addresses));

        assertThat(theirs.heard(answer.orElseThrow())).containsExactly(self);
        assertThat(ours.answer(theirs.question(), peer(1, "/ip4/127.0.0.1/tcp/1"))).isEmpty();
    }

    @Test
    void of_many_addresses_eight_are_told() {
        var addresses = new ArrayList<Multiaddr>();
        for (int port = 1; port <= 9; port++) {
            addresses.add(Multiaddr.parse("/ip4/10.0.0.1/tcp/" + port));
        }

        var answer = ours.answer(theirs.question(), new PeerInfo(self.id(), addresses));

        assertThat(theirs.heard(answer.orElseThrow()))
                .containsExactly(new PeerInfo(self.id(), addresses.subList(0, 8)));
    }

    @Test
    void a_private_network_goes_by_its_fingerprint_and_answers_to_nothing_else() {
        var member = discovery(Optional.of(KEY), 1);
        var other = discovery(Optional.of(KEY), 2);

        assertThat(member.question().questions().getFirst().name())
                .isEqualTo("_p2p-" + KEY.fingerprint() + "._udp.local");
        assertThat(other.heard(member.answer(other.question(), self).orElseThrow()))
                .containsExactly(self);
        assertThat(member.answer(theirs.question(), self)).isEmpty();
        assertThat(member.answer(DnsMessage.question(SERVICES), self)).isEmpty();
        assertThat(theirs.heard(member.answer(other.question(), self).orElseThrow())).isEmpty();
        assertThat(member.answer(other.question(), self).orElseThrow().encode(120).toString())
                .doesNotContain(KEY.secret().toStringUtf8());
    }

    @Test
    void of_a_packet_that_names_many_peers_eight_are_heard() {
        var records = new ArrayList<DnsMessage.Entry>();
        for (int i = 0; i < 9; i++) {
            var name = "peer" + i + "._p2p._udp.local";
            var text = "dnsaddr=" + peer(i + 10, "/ip4/10.0.0.9/tcp/1").fullAddresses().getFirst();
            records.add(new DnsMessage.Entry.Pointer("_p2p._udp.local", name));
            records.add(new DnsMessage.Entry.Texts(name, List.of(ByteString.copyFromUtf8(text))));
        }

        assertThat(ours.heard(new DnsMessage(true, List.of(), records))).hasSize(8);
    }

    private static Discovery discovery(Optional<PreSharedKey> key, long seed) {
        return new Discovery(
                key, address -> address.getAddress()[0] == 10, new SplittableRandom(seed));
    }

    private static PeerInfo peer(int number, String address) {
        var seed = ByteString.copyFrom(new byte[] {(byte) number}).concat(zeros(31));
        return new PeerInfo(KeyPair.ofSeed(seed).peerId(), List.of(Multiaddr.parse(address)));
    }

    private static ByteString zeros(int count) {
        return ByteString.copyFrom(new byte[count]);
    }
}
