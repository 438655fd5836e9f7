package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** {@link AddressGroup} and what {@link RoutingTable} makes of it. */
class DiversityTest {
    private static final long SEED = 5;
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Random random = new Random(SEED);
    private final PeerId self = Peers.id(0);
    private final RoutingTable table = new RoutingTable(self, 20, Diversity.defaults());

    @ParameterizedTest
    @CsvSource({
        "/ip4/8.8.8.8/tcp/1, /ip4/8.8.8.200/udp/2/quic-v1",
        "/ip6/2001:db8:1::1/tcp/1, /ip6/2001:db8:1:ffff::9/tcp/1",
        "/ip6/::ffff:8.8.8.8/tcp/1, /ip4/8.8.8.9/tcp/1",
        "/dns4/a.example.org/tcp/1, /dns6/b.c.Example.org/tcp/2",
    })
    void addresses_that_come_together_are_a_group(String one, String other) {
        assertThat(group(one)).isPresent().isEqualTo(group(other));
    }

    @ParameterizedTest
    @CsvSource({
        "/ip4/8.8.8.8/tcp/1, /ip4/8.8.9.8/tcp/1",
        "/ip6/2001:db8:1::1/tcp/1, /ip6/2001:db8:2::1/tcp/1",
        "/dns4/a.example.org/tcp/1, /dns4/a.example.com/tcp/1",
    })
    void others_are_not(String one, String other) {
        assertThat(group(one)).isPresent().isNotEqualTo(group(other));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip4/127.0.0.1/tcp/1",
                "/ip4/10.1.2.3/tcp/1",
                "/ip4/172.31.0.1/tcp/1",
                "/ip4/192.168.1.1/tcp/1",
                "/ip4/169.254.0.1/tcp/1",
                "/ip4/100.64.0.1/tcp/1",
                "/ip6/::1/tcp/1",
                "/ip6/fe80::1/tcp/1",
                "/ip6/fd00::1/tcp/1",
                "/memory/7",
            })
    void local_addresses_belong_to_no_group(String address) {
        assertThat(group(address)).isEmpty();
    }

    @Test
    void a_bucket_takes_two_of_a_group_and_the_table_three() {
        for (int prefix = 0; prefix < 4; prefix++) {
            for (int i = 0; i < 4; i++) {
                table.answered(contact(prefix, "/ip4/8.8.8." + (10 * prefix + i) + "/tcp/1"));
            }
        }

        assertThat(table.status().buckets()).containsOnlyKeys(0, 1);
        assertThat(table.status().buckets()).containsEntry(0, 2).containsEntry(1, 1);
        assertThat(table.answered(contact(0, "/ip4/8.8.9.1/tcp/1"))).isEmpty();
        assertThat(table.status().peers()).isEqualTo(4);
    }

    @Test
    void what_a_peer_says_of_itself_does_not_hide_where_it_is() {
        for (int i = 0; i < 5; i++) {
            var said =
                    new PeerInfo(
                            near(0).id(), List.of(Multiaddr.parse("/ip4/9.9." + i + ".9/tcp/1")));
            var seenAt = Multiaddr.parse("/ip4/8.8.8." + i + "/tcp/5000");
            table.answered(
                    Contact.of(
                            new KadNetwork.Introduction(said, Optional.of(seenAt), true), START));
        }

        assertThat(table.status().peers()).isEqualTo(2);
    }

    @Test
    void who_waits_for_a_place_is_looked_at_when_it_becomes_free() {
        var small = new RoutingTable(self, 2, Diversity.defaults());
        var first = contact(3, "/ip4/8.8.8.1/tcp/1");
        var second = contact(3, "/ip4/8.8.8.2/tcp/1");
        var other = contact(3, "/ip4/9.9.9.9/tcp/1");
        var alike = contact(3, "/ip4/8.8.8.3/tcp/1");
        List.of(first, second, other, alike).forEach(small::answered);

        small.remove(first.id());
        assertThat(small.contains(alike.id())).isTrue();
        small.answered(contact(3, "/ip4/8.8.8.4/tcp/1"));
        small.answered(other);
        small.remove(second.id());

        assertThat(small.contains(other.id())).isTrue();
    }

    @Test
    void a_member_that_moves_is_looked_at_anew() {
        for (int i = 0; i < 2; i++) {
            table.answered(contact(0, "/ip4/8.8.8." + i + "/tcp/1"));
        }
        var elsewhere = contact(0, "/ip4/9.9.9.9/tcp/1");
        table.answered(elsewhere);

        table.answered(
                Peers.contact(
                        new PeerInfo(
                                elsewhere.id(), List.of(Multiaddr.parse("/ip4/8.8.8.7/tcp/1"))),
                        START));

        assertThat(table.contains(elsewhere.id())).isFalse();
        assertThat(table.status().peers()).isEqualTo(2);
    }

    private Contact contact(int prefix, String address) {
        return Peers.contact(
                new PeerInfo(near(prefix).id(), List.of(Multiaddr.parse(address))), START);
    }

    private PeerInfo near(int prefix) {
        return Peers.near(self, prefix, random);
    }

    private static Optional<AddressGroup> group(String address) {
        return AddressGroup.of(Multiaddr.parse(address));
    }
}
