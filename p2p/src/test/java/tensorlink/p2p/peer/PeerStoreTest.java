package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.multiaddr.Multiaddr;

class PeerStoreTest {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final PeerStore store =
            PeerStore.inMemory(new PeerStore.Bounds(100, 3, Duration.ofHours(1)), () -> now);
    private final PeerId peer = id(0);

    @Test
    void tells_what_was_learned_last_first() {
        store.add(info(peer, 1, 2));

        store.add(info(peer, 3));

        assertThat(store.addresses(peer)).containsExactly(address(3), address(1), address(2));
        assertThat(store.info(peer)).isEqualTo(info(peer, 3, 1, 2));
        assertThat(store.addresses(id(9))).isEmpty();
    }

    @Test
    void forgets_addresses_after_their_lifetime_unless_they_are_learned_anew() {
        store.add(info(peer, 1, 2));
        now = now.plus(Duration.ofMinutes(59));
        store.add(info(peer, 2));

        now = now.plus(Duration.ofMinutes(1));

        assertThat(store.addresses(peer)).containsExactly(address(2));
        now = now.plus(Duration.ofHours(1));
        assertThat(store.addresses(peer)).isEmpty();
        assertThat(store.peers()).isEmpty();
    }

    @Test
    void keeps_the_newest_addresses_of_a_peer_up_to_its_bound() {
        store.add(info(peer, 1, 2, 3));

        store.add(info(peer, 4));

        assertThat(store.addresses(peer)).containsExactly(address(4), address(1), address(2));
    }

    @Test
    void what_is_pinned_stays_and_comes_first() {
        store.pin(info(peer, 9));
        store.add(info(peer, 1, 2, 3, 9));

        now = now.plus(Duration.ofDays(1));

        assertThat(store.addresses(peer)).containsExactly(address(9));
        assertThat(store.peers()).containsExactly(peer);
    }

    @Test
    void a_flood_of_invented_peers_pushes_out_only_itself_and_the_idle() {
        store.pin(info(id(1_000_000), 1));
        for (int i = 0; i < 10_000; i++) {
            store.add(info(id(i), 1));
            store.addresses(id(0));
        }

        assertThat(store.peers()).hasSize(101).contains(id(0), id(9_999), id(1_000_000));
    }

    @Test
    void remembers_what_a_peer_says_of_itself_until_it_says_otherwise() {
        store.identified(peer, identification("/a/1", 1));

        store.identified(peer, identification("/b/1", 2));

        assertThat(store.serves(peer, "/b/1")).isTrue();
        assertThat(store.serves(peer, "/a/1")).isFalse();
        assertThat(store.serves(id(5), "/a/1")).isFalse();
        assertThat(store.addresses(peer)).containsExactly(address(2), address(1));
        assertThat(store.identification(peer).map(Identification::agentVersion)).contains("agent");
    }

    @Test
    void forgets_on_request() {
        store.pin(info(peer, 1));
        store.identified(peer, identification("/a/1", 2));

        store.remove(peer);

        assertThat(store.addresses(peer)).isEmpty();
        assertThat(store.identification(peer)).isEmpty();
    }

    @Test
    void bounds_must_be_positive() {
        assertThatThrownBy(() -> new PeerStore.Bounds(0, 1, Duration.ofHours(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PeerStore.Bounds(1, 1, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Identification identification(String protocol, int address) {
        return new Identification(
                "test/1",
                "agent",
                List.of(protocol),
                List.of(address(address)),
                Optional.empty(),
                Optional.empty());
    }

    private static PeerInfo info(PeerId peer, int... ports) {
        var addresses = new ArrayList<Multiaddr>();
        for (int port : ports) {
            addresses.add(address(port));
        }
        return new PeerInfo(peer, addresses);
    }

    private static Multiaddr address(int port) {
        return Multiaddr.parse("/ip4/192.0.2.7/tcp/" + port);
    }

    private static PeerId id(int number) {
        var hash = ByteBuffer.allocate(6).put((byte) 0).put((byte) 4).putInt(number).flip();
        return new PeerId(ByteString.copyFrom(hash));
    }
}
