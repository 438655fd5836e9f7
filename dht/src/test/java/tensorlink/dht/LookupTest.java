package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

class LookupTest {
    private static final long SEED = 5;

    private final PeerId self = Peers.id(0);
    private final Key target = Key.named("target");

    /** Closest to the target first. */
    private final List<PeerInfo> peers = Peers.closest(target, Peers.peers(300), 300);

    @Test
    void asks_the_closest_first_and_never_more_than_alpha_at_a_time() {
        var lookup = lookup(search(4, 3, 2, 100), 2);
        lookup.start(List.of(at(9), at(4), at(1), at(7)));

        var batch = lookup.next();

        assertThat(batch).containsExactly(at(1), at(4), at(7));
        assertThat(lookup.next()).isEmpty();
        assertThat(lookup.isDone()).isFalse();
    }

    @Test
    void a_free_place_goes_to_the_closest_peer_heard_of_since() {
        var lookup = lookup(search(4, 3, 3, 100), 3);
        lookup.start(List.of(at(9), at(4), at(1), at(7)));
        lookup.next();

        lookup.answered(at(7).id(), List.of(at(0), at(8), at(20)));

        assertThat(lookup.next()).containsExactly(at(0));
    }

    @Test
    void ends_when_the_closest_have_answered_though_others_are_known() {
        var lookup = lookup(search(20, 2, 2, 100), 2);
        lookup.start(List.of(at(1), at(2), at(3), at(4)));
        lookup.next();

        lookup.answered(at(1).id(), List.of());
        assertThat(lookup.isDone()).isFalse();
        lookup.answered(at(2).id(), List.of());

        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.next()).isEmpty();
        assertThat(lookup.closest()).containsExactly(at(1), at(2));
        assertThat(lookup.asked()).isEqualTo(2);
    }

    @Test
    void who_fails_counts_for_nothing_and_the_next_closest_steps_in() {
        var lookup = lookup(search(2, 2, 2, 100), 2);
        lookup.start(List.of(at(1), at(2), at(3)));
        lookup.next();

        lookup.failed(at(1).id());

        assertThat(lookup.next()).containsExactly(at(3));
        lookup.answered(at(2).id(), List.of());
        assertThat(lookup.isDone()).isFalse();
        lookup.answered(at(3).id(), List.of());
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).containsExactly(at(2), at(3));
    }

    @Test
    void only_the_k_closest_are_worth_a_question() {
        var lookup = lookup(search(3, 10, 3, 100), 3);
        lookup.start(peers.subList(0, 50));

        var batch = lookup.next();

        assertThat(batch).isEqualTo(peers.subList(0, 3));
    }

    @Test
    void ends_when_nobody_is_left() {
        var lookup = lookup(search(20, 10, 3, 100), 20);
        lookup.start(List.of(at(1), at(2)));
        lookup.next();

        lookup.failed(at(1).id());
        lookup.failed(at(2).id());

        assertThat(lookup.next()).isEmpty();
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).isEmpty();
        assertThat(lookup.hops()).isZero();
    }

    @Test
    void is_done_at_once_when_nobody_is_known() {
        var lookup = lookup(search(20, 10, 3, 100), 20);

        lookup.start(List.of());

        assertThat(lookup.next()).isEmpty();
        assertThat(lookup.isDone()).isTrue();
    }

    @Test
    void ever_closer_inventions_end_at_the_budget() {
        var lookup = lookup(search(20, 10, 3, 60), 20);
        lookup.start(List.of(at(299)));
        int next = 298;
        int asked = 0;

        for (var batch = lookup.next(); !batch.isEmpty(); batch = lookup.next()) {
            for (var peer : batch) {
                asked++;
                lookup.answered(peer.id(), List.of(at(next--), at(next--)));
            }
        }

        assertThat(asked).isEqualTo(60);
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.asked()).isEqualTo(60);
    }

    @Test
    void never_asks_ourselves_nor_anybody_twice() {
        var lookup = lookup(search(20, 10, 3, 100), 20);
        lookup.start(List.of(at(1), at(1), Peers.peer(0)));

        assertThat(lookup.next()).containsExactly(at(1));
        lookup.answered(at(1).id(), List.of(at(1), Peers.peer(0), at(2), at(2)));

        assertThat(lookup.next()).containsExactly(at(2));
    }

    @Test
    void collects_what_several_peers_say_about_the_place_of_one() {
        var lookup = lookup(search(20, 2, 3, 100), 20);
        var elsewhere = new PeerInfo(at(9).id(), List.of(Peers.address(9)));
        lookup.start(List.of(at(1), at(2), at(9)));
        lookup.next();

        lookup.answered(at(1).id(), List.of(elsewhere));

        assertThat(lookup.heardOf(at(9).id()))
                .containsExactly(at(9).addresses().getFirst(), Peers.address(9));
        assertThat(lookup.next().getFirst().addresses()).hasSize(2);
        assertThat(lookup.heardOf(at(50).id())).isEmpty();
    }

    @Test
    void a_slow_peer_holds_nobody_up_and_may_still_answer() {
        var lookup = lookup(search(20, 2, 2, 100), 2);
        lookup.start(List.of(at(1), at(2), at(3), at(4)));
        lookup.next();

        lookup.slow(at(1).id());

        assertThat(lookup.next()).containsExactly(at(3));
        lookup.answered(at(1).id(), List.of());
        lookup.answered(at(2).id(), List.of());
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).containsExactly(at(1), at(2));
    }

    @Test
    void the_closest_answers_suffice_without_the_slow_one() {
        var lookup = lookup(search(20, 3, 2, 100), 2);
        lookup.start(List.of(at(1), at(2), at(3)));
        lookup.next();
        lookup.slow(at(1).id());

        lookup.answered(at(2).id(), List.of());
        lookup.answered(at(3).id(), List.of());

        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).containsExactly(at(2), at(3));
    }

    @Test
    void slow_peers_are_waited_for_when_nobody_else_is_left() {
        var lookup = lookup(search(20, 3, 3, 100), 3);
        lookup.start(List.of(at(1), at(2)));
        lookup.next();

        lookup.slow(at(1).id());
        lookup.slow(at(2).id());

        assertThat(lookup.isDone()).isFalse();
        lookup.answered(at(1).id(), List.of());
        lookup.failed(at(2).id());
        lookup.slow(at(2).id());
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).containsExactly(at(1));
    }

    @Test
    void hops_count_the_steps_to_the_closest() {
        var lookup = lookup(search(20, 1, 1, 100), 1);
        lookup.start(List.of(at(9)));
        lookup.next();
        lookup.answered(at(9).id(), List.of(at(5)));
        lookup.next();
        lookup.answered(at(5).id(), List.of(at(1)));
        lookup.next();

        lookup.answered(at(1).id(), List.of());

        assertThat(lookup.hops()).isEqualTo(3);
    }

    @Test
    void a_report_about_somebody_not_asked_is_our_bug() {
        var lookup = lookup(search(20, 10, 3, 100), 20);
        lookup.start(List.of(at(1)));

        assertThatThrownBy(() -> lookup.answered(at(1).id(), List.of()))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> lookup.failed(at(2).id()))
                .isInstanceOf(NullPointerException.class);
    }

    @Test
    void finds_exactly_the_closest_peers_when_all_live() {
        for (int run = 0; run < 10; run++) {
            var random = new Random(SEED + run);
            var tables = tables(random);
            for (int walk = 0; walk < 20; walk++) {
                var goal = Key.named("goal " + walk);

                var found = walk(goal, tables, peers, random);

                assertThat(found).as("seed %d", SEED + run).isEqualTo(truth(goal, peers));
            }
        }
    }

    /**
     * The dead still fill places in tables and answers, so that at the far edge of the closest
     * twenty somebody may not be heard of.
     */
    @Test
    void finds_the_closest_peers_when_a_fifth_is_dead_and_nobody_has_noticed() {
        int expected = 0;
        int hits = 0;
        for (int run = 0; run < 10; run++) {
            var random = new Random(SEED + run);
            var tables = tables(random);
            var living = new ArrayList<>(peers);
            living.removeIf(peer -> random.nextInt(5) == 0);
            for (int walk = 0; walk < 20; walk++) {
                var goal = Key.named("goal " + walk);

                var found = walk(goal, tables, living, random);

                var truth = new ArrayList<>(truth(goal, living));
                assertThat(found).as("seed %d", SEED + run).startsWith(truth.get(0), truth.get(1));
                expected += truth.size();
                truth.retainAll(found);
                hits += truth.size();
            }
        }
        assertThat((double) hits / expected).as("seed %d", SEED).isGreaterThan(0.95);
    }

    @Test
    void disjoint_paths_follow_only_what_was_said_on_them() {
        var lookup = new Lookup(self, target, search(4, 4, 2, 60), 2, 2);
        lookup.start(List.of(at(20), at(30)));
        assertThat(lookup.next()).containsExactlyInAnyOrder(at(20), at(30));

        // The one at 20 lies: it names a crowd that hides the others, and is alone to go there.
        lookup.answered(at(20).id(), List.of(at(2), at(3), at(4), at(5)));
        lookup.answered(at(30).id(), List.of(at(9), at(10)));
        var asked = lookup.next();

        assertThat(asked).contains(at(9), at(10));
        for (var peer : asked) {
            lookup.answered(peer.id(), List.of());
        }
        assertThat(lookup.isDone()).isTrue();
        assertThat(lookup.closest()).contains(at(9));
    }

    @Test
    void no_peer_is_asked_on_two_paths() {
        var lookup = new Lookup(self, target, search(20, 10, 3, 60), 20, 3);
        lookup.start(List.of(at(40), at(41), at(42)));
        var asked = new ArrayList<PeerInfo>();
        for (var batch = lookup.next(); !batch.isEmpty(); batch = lookup.next()) {
            for (var peer : batch) {
                asked.add(peer);
                lookup.answered(peer.id(), peers.subList(0, 30));
            }
        }

        assertThat(asked).doesNotHaveDuplicates().containsAll(peers.subList(0, 20));
        assertThat(lookup.closest()).isEqualTo(peers.subList(0, 20));
    }

    private List<PeerInfo> walk(
            Key goal, Map<PeerId, RoutingTable> tables, List<PeerInfo> living, Random random) {
        var lookup = new Lookup(self, goal, DhtConfig.Search.defaults(), 20, 1);
        lookup.start(living.subList(0, 4));
        var open = new ArrayList<>(lookup.next());
        while (!lookup.isDone()) {
            var peer = open.remove(random.nextInt(open.size()));
            var table = tables.get(peer.id());
            if (table != null && living.contains(peer)) {
                lookup.answered(peer.id(), table.closest(goal, 20));
            } else {
                lookup.failed(peer.id());
            }
            open.addAll(lookup.next());
        }
        return lookup.closest();
    }

    private static List<PeerInfo> truth(Key goal, List<PeerInfo> living) {
        return Peers.closest(goal, living, 20);
    }

    /** What every peer knows after it has met every other, in random order. */
    private Map<PeerId, RoutingTable> tables(Random random) {
        Map<PeerId, RoutingTable> tables = new HashMap<>();
        for (var peer : peers) {
            var table = new RoutingTable(peer.id(), 20, Diversity.defaults());
            var others = new ArrayList<>(peers);
            others.remove(peer);
            Collections.shuffle(others, random);
            for (var other : others) {
                table.answered(Peers.contact(other, Instant.EPOCH));
            }
            tables.put(peer.id(), table);
        }
        return tables;
    }

    private PeerInfo at(int rank) {
        return peers.get(rank);
    }

    private Lookup lookup(DhtConfig.Search search, int resiliency) {
        return new Lookup(self, target, search, resiliency, 1);
    }

    private static DhtConfig.Search search(int k, int alpha, int beta, int peersAskedMax) {
        return new DhtConfig.Search(k, alpha, beta, 1, 0, peersAskedMax);
    }
}
