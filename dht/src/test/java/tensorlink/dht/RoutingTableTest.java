package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

class RoutingTableTest {
    private static final long SEED = 11;
    private static final int K = 3;
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Random random = new Random(SEED);
    private final PeerId self = Peers.id(0);
    private final RoutingTable table = new RoutingTable(self, K, Diversity.defaults());

    @Test
    void the_closest_come_first_whatever_bucket_they_are_in() {
        var all = Peers.peers(200);
        var large = new RoutingTable(self, 200, Diversity.defaults());
        for (var peer : all) {
            large.answered(Peers.contact(peer, START));
        }
        var target = Key.named("anything");

        var closest = large.closest(target, 20);

        assertThat(closest).isEqualTo(Peers.closest(target, all, 20));
        assertThat(large.status().peers()).isEqualTo(200);
    }

    @Test
    void the_closest_to_any_target_are_those_that_sorting_everybody_gives() {
        var all = Peers.peers(300);
        var large = new RoutingTable(self, 300, Diversity.defaults());
        for (var peer : all) {
            large.answered(Peers.contact(peer, START));
        }
        var targets = new ArrayList<>(List.of(Key.of(self)));
        for (int prefix = 0; prefix < 12; prefix++) {
            targets.add(Key.of(self).random(prefix, random));
            targets.add(Key.of(all.get(prefix).id()).random(prefix, random));
        }

        for (var target : targets) {
            for (int count : List.of(1, 21, 299, 300)) {
                assertThat(large.closest(target, count))
                        .as("%s, %s, seed %s", target, count, SEED)
                        .isEqualTo(Peers.closest(target, all, count));
            }
        }
    }

    @Test
    void a_full_bucket_keeps_its_members_and_names_the_one_seen_longest_ago() {
        var members = fill(4);

        var toCheck = table.answered(Peers.contact(near(4), START.plusSeconds(9)));

        assertThat(toCheck).map(Contact::info).contains(members.getFirst());
        assertThat(peers()).containsExactlyInAnyOrderElementsOf(members);
        assertThat(table.status().buckets()).containsExactly(Map.entry(4, K));
    }

    @Test
    void who_answers_again_is_seen_last_and_its_addresses_are_the_new_ones() {
        var members = fill(4);
        var moved = new PeerInfo(members.getFirst().id(), List.of(Peers.address(9)));

        var toCheck = table.answered(Peers.contact(moved, START.plusSeconds(8)));

        assertThat(toCheck).isEmpty();
        assertThat(peers()).contains(moved);
        assertThat(table.answered(Peers.contact(near(4), START.plusSeconds(9))))
                .map(Contact::info)
                .contains(members.get(1));
    }

    @Test
    void a_silent_member_gives_its_place_to_the_one_that_waited_last() {
        var members = fill(4);
        var early = near(4);
        var late = near(4);
        table.answered(Peers.contact(early, START.plusSeconds(8)));
        table.answered(Peers.contact(late, START.plusSeconds(9)));

        table.failed(members.getFirst().id());

        assertThat(peers()).containsExactlyInAnyOrder(members.get(1), members.get(2), late);
    }

    @Test
    void a_silent_member_whom_nobody_replaces_is_told_to_nobody_but_remembered() {
        var member = fill(4).getFirst();

        table.failed(member.id());

        assertThat(peers()).hasSize(K - 1).doesNotContain(member);
        assertThat(table.contains(member.id())).isFalse();
        assertThat(table.lost()).containsExactly(member);
        assertThat(table.status().peers()).isEqualTo(K - 1);
    }

    @Test
    void a_lost_member_that_answers_is_found_again() {
        var member = fill(4).getFirst();
        table.failed(member.id());

        table.answered(Peers.contact(member, START.plusSeconds(9)));

        assertThat(peers()).contains(member);
        assertThat(table.lost()).isEmpty();
    }

    @Test
    void a_newcomer_takes_the_place_of_a_lost_member() {
        var members = fill(4);
        table.failed(members.get(1).id());
        var newcomer = near(4);

        var toCheck = table.answered(Peers.contact(newcomer, START.plusSeconds(9)));

        assertThat(toCheck).isEmpty();
        assertThat(peers()).containsExactlyInAnyOrder(members.get(0), members.get(2), newcomer);
        assertThat(table.lost()).isEmpty();
    }

    @Test
    void the_lost_are_forgotten_in_the_end() {
        var members = fill(4);
        table.failed(members.get(0).id());
        table.failed(members.get(2).id());

        table.forgetLost(START.plusSeconds(1));

        assertThat(table.lost()).containsExactly(members.get(2));
        assertThat(peers()).containsExactly(members.get(1));
    }

    @Test
    void who_stops_serving_leaves_at_once() {
        var members = fill(4);
        var waiting = near(4);
        table.answered(Peers.contact(waiting, START.plusSeconds(9)));

        table.remove(members.get(1).id());
        table.remove(waiting.id());

        assertThat(peers()).containsExactlyInAnyOrder(members.get(0), members.get(2));
        assertThat(table.contains(members.get(0).id())).isTrue();
        assertThat(table.contains(members.get(1).id())).isFalse();
    }

    @Test
    void no_more_wait_than_are_in_the_bucket() {
        fill(4);
        for (int i = 0; i < 1_000; i++) {
            table.answered(Peers.contact(near(4), START.plusSeconds(9)));
        }

        int replaced = 0;
        while (table.lost().isEmpty()) {
            table.failed(peers().getFirst().id());
            replaced++;
        }

        assertThat(replaced).isEqualTo(K + 1);
    }

    @Test
    void with_nobody_but_the_lost_the_table_is_empty() {
        for (var member : fill(4)) {
            assertThat(table.isEmpty()).isFalse();
            table.failed(member.id());
        }

        assertThat(table.isEmpty()).isTrue();
        assertThat(table.status().buckets()).isEmpty();
    }

    @Test
    void tells_who_has_been_silent_for_too_long() {
        var members = fill(4);
        table.answered(Peers.contact(members.getFirst(), START.plus(Duration.ofHours(1))));

        var silent = table.silentSince(START.plus(Duration.ofMinutes(1)));

        assertThat(silent).containsExactly(members.get(1), members.get(2));
    }

    @Test
    void never_holds_ourselves() {
        assertThatThrownBy(() -> table.answered(Peers.contact(Peers.peer(0), START)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is ourselves");
    }

    private List<PeerInfo> fill(int prefix) {
        var members = new ArrayList<PeerInfo>();
        for (int i = 0; i < K; i++) {
            var peer = near(prefix);
            members.add(peer);
            table.answered(Peers.contact(peer, START.plusSeconds(i)));
        }
        return members;
    }

    private PeerInfo near(int prefix) {
        return Peers.near(self, prefix, random);
    }

    private List<PeerInfo> peers() {
        return table.closest(Key.of(self), 1_000);
    }
}
