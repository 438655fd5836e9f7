package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

class ProviderStoreTest {
    private static final Duration LIFE = Duration.ofHours(1);

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final PeerId self = Peers.id(0);
    private final Key key = Key.named("worker");

    @Test
    void tells_who_provides_announced_last_first() {
        var store = store(10, 10, 10);
        add(store, key, Peers.peer(1));
        add(store, key, Peers.peer(2));

        add(store, key, Peers.peer(1));

        assertThat(store.providers(key, now)).containsExactly(Peers.peer(1), Peers.peer(2));
        assertThat(store.providers(Key.named("other"), now)).isEmpty();
        assertThat(store.size()).isEqualTo(2);
    }

    @Test
    void the_last_announcement_says_where() {
        var store = store(10, 10, 10);
        add(store, key, Peers.peer(1));
        var moved = new PeerInfo(Peers.id(1), List.of(Peers.address(99)));

        add(store, key, moved);

        assertThat(store.providers(key, now)).containsExactly(moved);
    }

    @Test
    void an_announcement_ends_after_its_time_unless_it_is_repeated() {
        var store = store(10, 10, 10);
        add(store, key, Peers.peer(1));
        add(store, key, Peers.peer(2));
        now = now.plus(LIFE).minusSeconds(1);
        add(store, key, Peers.peer(2));

        now = now.plusSeconds(1);

        assertThat(store.providers(key, now)).containsExactly(Peers.peer(2));
    }

    @Test
    void a_withdrawn_announcement_is_gone() {
        var store = store(10, 10, 10);
        add(store, key, Peers.peer(1));

        store.remove(key, Peers.id(1));
        store.remove(key, Peers.id(2));

        assertThat(store.providers(key, now)).isEmpty();
        assertThat(store.size()).isZero();
    }

    @Test
    void the_provider_announced_longest_ago_makes_room_for_one_more() {
        var store = store(10, 2, 10);
        add(store, key, Peers.peer(1));
        add(store, key, Peers.peer(2));

        add(store, key, Peers.peer(3));

        assertThat(store.providers(key, now)).containsExactly(Peers.peer(3), Peers.peer(2));
    }

    @Test
    void one_provider_displaces_only_its_own_keys() {
        var store = store(100, 10, 3);
        add(store, key, Peers.peer(1));

        for (int i = 0; i < 50; i++) {
            add(store, Key.named("flood " + i), Peers.peer(2));
        }

        assertThat(store.size()).isEqualTo(4);
        assertThat(store.providers(key, now)).containsExactly(Peers.peer(1));
        assertThat(store.providers(Key.named("flood 49"), now)).isNotEmpty();
        assertThat(store.providers(Key.named("flood 46"), now)).isEmpty();
    }

    @Test
    void a_flood_of_announcements_stays_within_the_bound_and_keeps_the_keys_near_us() {
        var store = store(100, 10, 10);
        var keys = new ArrayList<Key>();
        for (int i = 0; i < 5_000; i++) {
            keys.add(Key.named("key " + i));
        }

        for (int i = 0; i < 200_000; i++) {
            add(store, keys.get(i % keys.size()), Peers.peer(1 + i % 7_919));
        }

        assertThat(store.size()).isEqualTo(100);
        keys.sort(Key.of(self).byDistance());
        assertThat(store.providers(keys.getFirst(), now)).isNotEmpty();
        assertThat(store.providers(keys.getLast(), now)).isEmpty();
    }

    @Test
    void expired_announcements_make_room_before_good_ones_do() {
        var store = store(2, 10, 10);
        var near = Peers.closest(Key.of(self), Peers.peers(50), 50);
        var nearKey = Key.of(near.getFirst().id());
        var farKey = Key.of(near.getLast().id());
        add(store, nearKey, Peers.peer(1));
        now = now.plusSeconds(1);
        add(store, farKey, Peers.peer(2));
        now = now.plus(LIFE).minusSeconds(1);

        add(store, farKey, Peers.peer(3));

        assertThat(store.providers(farKey, now)).hasSize(2);
        assertThat(store.size()).isEqualTo(2);
    }

    private void add(ProviderStore store, Key added, PeerInfo provider) {
        store.add(added, provider, now, now.plus(LIFE));
    }

    private ProviderStore store(int providersMax, int perKey, int perProvider) {
        return new ProviderStore(
                self, new DhtConfig.Bounds(1, 1, 1, providersMax, perKey, perProvider, 1, 1));
    }
}
