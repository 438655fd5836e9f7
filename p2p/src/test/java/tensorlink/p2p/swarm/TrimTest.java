package tensorlink.p2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Trim.Candidate;

class TrimTest {
    private static final long SECOND = 1_000_000_000;
    private static final long NOW = 1000 * SECOND;

    private static final PeerId SELF = KeyPair.generate().peerId();

    private final Trim trim =
            new Trim(
                    SELF,
                    new Limits.Trimming(2, 4, Duration.ofSeconds(60), Duration.ofSeconds(10)));

    @Test
    void nothing_goes_up_to_the_high_mark() {
        assertThat(trim.choose(List.of(old("a"), old("b"), old("c"), old("d")), NOW)).isEmpty();
    }

    @Test
    void above_the_high_mark_the_youngest_go_until_the_low_mark_is_reached() {
        var all = List.of(old("a"), old("b"), old("c"), old("d"), old("e"));

        assertThat(trim.choose(all, NOW)).containsExactly("e", "d", "c");
    }

    @Test
    void the_idle_go_before_the_busy_and_the_cheap_before_the_dear() {
        var all =
                List.of(
                        candidate("dear", Direction.INBOUND, false, 9, 0, 0),
                        candidate("cheap", Direction.INBOUND, false, 1, 0, 0),
                        candidate("busy", Direction.INBOUND, false, 0, 3, 0),
                        candidate("ours", Direction.OUTBOUND, false, 1, 0, 0),
                        candidate("worthless", Direction.OUTBOUND, false, 0, 0, 0));

        assertThat(trim.choose(all, NOW)).containsExactly("worthless", "cheap", "ours");
    }

    @Test
    void the_protected_and_the_new_stay_even_when_there_are_too_many() {
        var all =
                List.of(
                        candidate("protected", Direction.INBOUND, true, 0, 0, 0),
                        candidate("protected too", Direction.INBOUND, true, 0, 0, 0),
                        candidate("new", Direction.INBOUND, false, 0, 0, NOW - 59 * SECOND),
                        candidate("new too", Direction.INBOUND, false, 0, 0, NOW - 59 * SECOND),
                        candidate("old", Direction.INBOUND, false, 0, 0, NOW - 60 * SECOND));

        assertThat(trim.choose(all, NOW)).containsExactly("old");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void both_sides_close_the_same_of_two_idle_connections(boolean aliceDialledFirst) {
        var alice = KeyPair.generate().peerId();
        var bob = KeyPair.generate().peerId();
        var limits = new Limits.Trimming(2, 4, Duration.ZERO, Duration.ofSeconds(10));
        long first = aliceDialledFirst ? 0 : SECOND;
        long second = SECOND - first;

        var atAlice =
                sorted(
                        duplicate("by alice", bob, Direction.OUTBOUND, first),
                        duplicate("by bob", bob, Direction.INBOUND, second));
        var atBob =
                sorted(
                        duplicate("by alice", alice, Direction.INBOUND, first),
                        duplicate("by bob", alice, Direction.OUTBOUND, second));

        assertThat(new Trim(alice, limits).choose(atAlice, NOW))
                .hasSize(1)
                .isEqualTo(new Trim(bob, limits).choose(atBob, NOW));
    }

    @Test
    void a_surplus_connection_that_is_used_or_was_lately_stays() {
        var peer = KeyPair.generate().peerId();
        var used = new Candidate<>("used", peer, Direction.INBOUND, false, 0, 1, 0, 0);
        var lately =
                new Candidate<>("lately", peer, Direction.INBOUND, false, 0, 0, 0, NOW - SECOND);
        var idle = new Candidate<>("idle", peer, Direction.INBOUND, false, 0, 0, 0, 0);

        assertThat(trim.choose(List.of(used, lately, idle), NOW)).containsExactly("idle");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void a_peer_never_loses_its_last_connection_for_being_surplus(long seed) {
        var random = new Random(seed);
        var peers = List.of(KeyPair.generate().peerId(), KeyPair.generate().peerId());
        for (int round = 0; round < 500; round++) {
            var all = new ArrayList<Candidate<Integer>>();
            int count = random.nextInt(5);
            for (int i = 0; i < count; i++) {
                all.add(
                        new Candidate<>(
                                i,
                                peers.get(random.nextInt(2)),
                                random.nextBoolean() ? Direction.INBOUND : Direction.OUTBOUND,
                                false,
                                0,
                                random.nextInt(2),
                                i,
                                i));
            }

            var gone = new HashSet<>(trim.choose(all, NOW));

            for (var candidate : all) {
                assertThat(all)
                        .as("seed %d round %d", seed, round)
                        .anyMatch(other ->
                                other.peer().equals(candidate.peer())
                                        && !gone.contains(other.connection()));
            }
        }
    }

    private static List<Candidate<String>> sorted(Candidate<String> one, Candidate<String> other) {
        var sorted = new ArrayList<>(List.of(one, other));
        sorted.sort(Comparator.comparingLong(Candidate::openedAt));
        return sorted;
    }

    private static Candidate<String> duplicate(
            String name, PeerId peer, Direction direction, long openedAt) {
        return new Candidate<>(name, peer, direction, false, 0, 0, openedAt, openedAt);
    }

    private static Candidate<String> old(String name) {
        return candidate(name, Direction.INBOUND, false, 0, 0, 0);
    }

    private static Candidate<String> candidate(
            String name,
            Direction direction,
            boolean isProtected,
            int value,
            int streams,
            long openedAt) {
        var peer = KeyPair.generate().peerId();
        return new Candidate<>(
                name, peer, direction, isProtected, value, streams, openedAt, openedAt);
    }
}
