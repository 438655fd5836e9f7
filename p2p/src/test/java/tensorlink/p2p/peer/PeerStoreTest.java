package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.multiaddr.Multiaddr;

class PeerStoreTest {
    private static final Duration HINT = Duration.ofHours(1);
    private static final Duration PROVEN = Duration.ofHours(24);

    @TempDir private Path folder;

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final PeerStore store =
            PeerStore.inMemory(new PeerStore.Bounds(100, 3, HINT, PROVEN), () -> now);
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
    void addresses_of_a_connected_peer_stay_and_outlive_the_connection_for_a_day() {
        store.add(info(peer, 1));
        store.connected(peer);
        now = now.plus(Duration.ofDays(3));
        assertThat(store.addresses(peer)).containsExactly(address(1));

        store.disconnected(peer);

        now = now.plus(PROVEN).minusSeconds(1);
        assertThat(store.addresses(peer)).containsExactly(address(1));
        now = now.plusSeconds(1);
        assertThat(store.addresses(peer)).isEmpty();
    }

    @Test
    void hints_do_not_shorten_what_is_proven() {
        store.add(info(peer, 1));
        store.connected(peer);
        store.disconnected(peer);

        store.add(info(peer, 1, 2));

        now = now.plus(HINT);
        assertThat(store.addresses(peer)).containsExactly(address(1));
    }

    @Test
    void a_flood_pushes_out_no_connected_peer() {
        store.add(info(id(1_000_000), 1));
        store.connected(id(1_000_000));

        for (int i = 0; i < 1000; i++) {
            store.add(info(id(i), 1));
        }

        assertThat(store.peers()).hasSize(100).contains(id(1_000_000), id(999));
    }

    @Test
    void what_the_peer_signed_comes_first_and_makes_room_last() {
        var key = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
        var peer = key.peerId();
        var record = SealedPeerRecord.seal(new PeerRecord(peer, 1, List.of(address(1))), key);
        store.identified(
                peer,
                new Identification(
                        "test/1",
                        "agent",
                        List.of(),
                        List.of(address(1)),
                        Optional.empty(),
                        Optional.of(record)));

        store.add(info(peer, 2, 3, 4, 5));

        assertThat(store.addresses(peer)).containsExactly(address(1), address(2), address(3));
    }

    @Test
    void addresses_survive_a_restart_until_they_expire() throws IOException {
        var file = folder.resolve("sub/peers");
        store.add(info(peer, 1, 2));
        store.add(info(id(1), 3));
        store.connected(id(1));
        store.pin(info(id(2), 4));
        store.save(file);

        var later = another();
        assertThat(later.load(file)).isEqualTo(2);
        assertThat(later.addresses(peer)).containsExactly(address(1), address(2));
        assertThat(later.addresses(id(1))).containsExactly(address(3));
        assertThat(later.addresses(id(2))).isEmpty();
        now = now.plus(HINT);

        assertThat(later.addresses(peer)).isEmpty();
        assertThat(later.addresses(id(1))).containsExactly(address(3));
        try (var files = Files.list(file.resolveSibling(""))) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void a_file_that_is_missing_is_an_empty_one() throws IOException {
        assertThat(store.load(folder.resolve("nothing"))).isZero();
    }

    @Test
    void a_damaged_file_adds_nothing() throws IOException {
        var file = folder.resolve("peers");
        store.add(info(peer, 1));
        store.save(file);
        var bytes = Files.readAllBytes(file);
        for (int length = 1; length < bytes.length; length++) {
            Files.write(file, Arrays.copyOf(bytes, length));
            var later = another();
            try {
                assertThat(later.load(file)).as("%d bytes", length).isZero();
            } catch (IOException damaged) {
                assertThat(damaged).hasMessageContaining("is damaged");
            }
            assertThat(later.peers()).as("%d bytes", length).isEmpty();
        }
    }

    @Test
    void a_file_with_more_than_the_bounds_is_refused() throws IOException {
        var file = folder.resolve("peers");
        var large = PeerStore.inMemory(new PeerStore.Bounds(200, 3, HINT, PROVEN), () -> now);
        for (int i = 0; i < 101; i++) {
            large.add(info(id(i), 1));
        }
        large.save(file);

        assertThatThrownBy(() -> store.load(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("peers 101, limit 100");
        assertThat(store.peers()).isEmpty();
    }

    @Test
    void a_file_cannot_make_an_address_last_for_ever() throws IOException {
        var file = folder.resolve("peers");
        now = now.plus(Duration.ofDays(3650));
        store.add(info(peer, 1));
        store.save(file);
        now = now.minus(Duration.ofDays(3650));

        store.remove(peer);
        store.load(file);

        now = now.plus(PROVEN);
        assertThat(store.addresses(peer)).isEmpty();
    }

    private PeerStore another() {
        return PeerStore.inMemory(new PeerStore.Bounds(100, 3, HINT, PROVEN), () -> now);
    }

    @Test
    void bounds_must_be_positive() {
        assertThatThrownBy(() -> new PeerStore.Bounds(0, 1, HINT, PROVEN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PeerStore.Bounds(1, 1, Duration.ZERO, PROVEN))
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
