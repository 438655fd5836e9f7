package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** {@link Region}, {@link NetworkSize} and {@link Lookup#density}. */
class RegionTest {
    private static final long SEED = 3;
    private static final int K = 20;

    private final Random random = new Random(SEED);
    private final Key key = Key.named("something");

    @Test
    void a_region_holds_k_to_twice_k_servers() {
        for (int servers : new int[] {40, 79, 80, 1_000, 10_000, 500_000}) {
            var region = Region.around(key, servers, K).orElseThrow();

            double expected = servers * Math.pow(2, -region.prefix());
            assertThat(expected).as("%d servers", servers).isBetween(20.0, 40.0);
        }
    }

    @Test
    void a_small_network_has_no_regions() {
        assertThat(Region.around(key, 39.9, K)).isEmpty();
        assertThat(Region.around(key, 0, K)).isEmpty();
    }

    @Test
    void landmarks_lie_in_the_region_each_in_another_part_and_away_from_the_key() {
        var region = Region.around(key, 1_000, K).orElseThrow();

        var landmarks = region.landmarks(3, random);

        assertThat(landmarks).allMatch(region::contains);
        assertThat(landmarks).extracting(key::commonPrefix).containsExactly(5, 6, 7);
    }

    @Test
    void the_size_of_a_network_is_seen_in_how_densely_it_lies() {
        for (int servers : new int[] {200, 2_000}) {
            var peers = Peers.peers(servers);
            var size = new NetworkSize();
            for (int i = 0; i < 32; i++) {
                size.sample(density(Key.named("random " + i), peers));
            }

            assertThat(size.estimate()).isCloseTo(servers, within(0.25 * servers));
        }
    }

    @Test
    void a_crowd_around_one_key_changes_nothing() {
        var peers = new ArrayList<>(Peers.peers(200));
        for (int i = 0; i < 40; i++) {
            peers.add(new PeerInfo(new PeerId(key.random(11, random).bytes()), List.of()));
        }
        var size = new NetworkSize();
        size.sample(density(key, peers));
        assertThat(size.estimate()).isGreaterThan(5_000);

        for (int i = 0; i < 16; i++) {
            size.sample(density(Key.named("random " + i), peers));
        }

        assertThat(size.estimate()).isBetween(120.0, 320.0);
    }

    private static double density(Key target, List<PeerInfo> peers) {
        var lookup = new Lookup(Peers.id(0), target, DhtConfig.Search.defaults(), 3, 1);
        lookup.start(Peers.closest(target, peers, 30));
        return lookup.density();
    }
}
