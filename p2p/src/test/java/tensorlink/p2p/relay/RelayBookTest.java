package tensorlink.p2p.relay;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class RelayBookTest {
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final RelayLimits limits = RelayLimits.defaults().withRoom(128, 3, 2);
    private final RelayBook book = new RelayBook(limits);

    private static PeerId peer(int number) {
        var seed = new byte[32];
        seed[0] = (byte) number;
        seed[1] = (byte) (number >> 8);
        return KeyPair.ofSeed(ByteString.copyFrom(seed)).peerId();
    }

    private static Optional<InetAddress> at(String address) {
        return Optional.of(InetAddress.ofLiteral(address));
    }

    private RelayStatus reserve(int peer, String address) {
        return book.reserve(peer(peer), at(address), 0);
    }

    @Test
    void a_place_is_had_until_its_time_is_over_and_no_longer() {
        book.reserve(peer(1), at("192.0.2.1"), 0);

        assertThat(book.open(peer(2), peer(1), HOUR - 1)).isEqualTo(RelayStatus.OK);
        assertThat(book.open(peer(3), peer(1), HOUR)).isEqualTo(RelayStatus.NO_RESERVATION);
    }

    @Test
    void renewing_a_place_prolongs_it_and_takes_no_second() {
        for (long hour = 0; hour < 20; hour++) {
            assertThat(book.reserve(peer(1), at("192.0.2.1"), hour * HOUR / 2))
                    .isEqualTo(RelayStatus.OK);
            assertThat(book.reservations(hour * HOUR / 2)).isEqualTo(1);
        }
        assertThat(book.open(peer(2), peer(1), 10 * HOUR)).isEqualTo(RelayStatus.OK);
    }

    @Test
    void a_place_is_lost_when_its_peer_leaves() {
        reserve(1, "192.0.2.1");

        book.left(peer(1));

        assertThat(book.open(peer(2), peer(1), 0)).isEqualTo(RelayStatus.NO_RESERVATION);
    }

    @Test
    void there_are_as_many_places_as_the_limit_says_and_a_renewal_is_always_given() {
        for (int i = 0; i < 128; i++) {
            assertThat(reserve(i, "10.0." + i + ".1")).isEqualTo(RelayStatus.OK);
        }

        assertThat(reserve(128, "10.1.0.1")).isEqualTo(RelayStatus.RESERVATION_REFUSED);
        assertThat(reserve(127, "10.0.127.1")).isEqualTo(RelayStatus.OK);
        assertThat(book.reserve(peer(128), at("10.1.0.1"), HOUR)).isEqualTo(RelayStatus.OK);
    }

    @Test
    void one_address_has_eight_places() {
        for (int i = 0; i < 8; i++) {
            assertThat(reserve(i, "192.0.2.1")).isEqualTo(RelayStatus.OK);
        }

        assertThat(reserve(8, "192.0.2.1")).isEqualTo(RelayStatus.RESERVATION_REFUSED);
        assertThat(reserve(8, "192.0.2.2")).isEqualTo(RelayStatus.OK);
    }

    @Test
    void one_customer_of_ipv6_has_eight_places() {
        for (int i = 0; i < 8; i++) {
            assertThat(reserve(i, "2001:db8:0:" + i + "::1")).isEqualTo(RelayStatus.OK);
        }

        assertThat(reserve(8, "2001:db8:0:ff::1")).isEqualTo(RelayStatus.RESERVATION_REFUSED);
        assertThat(reserve(8, "2001:db8:0:100::1")).isEqualTo(RelayStatus.OK);
    }

    @Test
    void one_subnet_has_thirty_two_places() {
        for (int i = 0; i < 32; i++) {
            assertThat(reserve(i, "192.0.2." + i)).isEqualTo(RelayStatus.OK);
        }

        assertThat(reserve(32, "192.0.2.32")).isEqualTo(RelayStatus.RESERVATION_REFUSED);
        assertThat(reserve(32, "192.0.3.32")).isEqualTo(RelayStatus.OK);
    }

    @Test
    void loopback_and_places_without_an_address_count_only_for_the_whole() {
        for (int i = 0; i < 64; i++) {
            assertThat(reserve(i, "127.0.0.1")).isEqualTo(RelayStatus.OK);
            assertThat(book.reserve(peer(64 + i), Optional.empty(), 0)).isEqualTo(RelayStatus.OK);
        }

        assertThat(reserve(128, "127.0.0.1")).isEqualTo(RelayStatus.RESERVATION_REFUSED);
    }

    @Test
    void a_peer_has_as_many_circuits_as_the_limit_says_whichever_end_it_is() {
        reserve(1, "192.0.2.1");
        reserve(2, "192.0.2.2");
        assertThat(book.open(peer(1), peer(2), 0)).isEqualTo(RelayStatus.OK);
        assertThat(book.open(peer(3), peer(1), 0)).isEqualTo(RelayStatus.OK);

        assertThat(book.open(peer(4), peer(1), 0)).isEqualTo(RelayStatus.RESOURCE_LIMIT_EXCEEDED);
        assertThat(book.open(peer(1), peer(2), 0)).isEqualTo(RelayStatus.RESOURCE_LIMIT_EXCEEDED);

        book.ended(peer(3), peer(1));
        assertThat(book.open(peer(4), peer(1), 0)).isEqualTo(RelayStatus.OK);
    }

    @Test
    void there_are_as_many_circuits_as_the_limit_says() {
        for (int i = 0; i < 4; i++) {
            reserve(i, "192.0.2." + i);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(book.open(peer(10 + i), peer(i), 0)).isEqualTo(RelayStatus.OK);
        }

        assertThat(book.open(peer(20), peer(3), 0)).isEqualTo(RelayStatus.RESOURCE_LIMIT_EXCEEDED);
        assertThat(book.circuits()).isEqualTo(3);
    }

    @Test
    void what_is_over_leaves_nothing_behind() {
        reserve(1, "192.0.2.1");
        book.open(peer(2), peer(1), 0);

        book.ended(peer(2), peer(1));

        assertThat(book.circuits()).isZero();
        assertThat(book.circuits(peer(1))).isZero();
        assertThat(book.circuits(peer(2))).isZero();
    }

    @Test
    void nobody_has_a_circuit_to_itself() {
        reserve(1, "192.0.2.1");

        assertThat(book.open(peer(1), peer(1), 0)).isEqualTo(RelayStatus.PERMISSION_DENIED);
    }
}
