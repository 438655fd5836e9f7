package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

class EntrancesTest {
    private static final DhtConfig.Intervals INTERVALS = DhtConfig.Intervals.defaults();
    private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");
    private final IOException refused = new IOException("refused");

    private final Entrances entrances = new Entrances(Peers.id(0), INTERVALS, new Random(1));
    private Instant now = START;

    @Test
    void whoever_a_source_names_is_knocked_at_once_and_not_again_while_that_lasts() {
        entrances.named("a", List.of(Peers.peer(1), Peers.peer(2)));

        assertThat(dueAlone()).containsExactly(Peers.peer(1), Peers.peer(2));
        assertThat(dueAlone()).isEmpty();
    }

    @Test
    void we_never_knock_at_ourselves() {
        entrances.named("a", List.of(Peers.peer(0)));

        assertThat(entrances.all()).isEmpty();
    }

    @Test
    void sources_take_turns_so_that_one_with_many_peers_hides_nobody() {
        entrances.named("liar", Peers.peers(1000));
        entrances.named("honest", List.of(Peers.peer(5000), Peers.peer(5001)));

        var order = dueAlone();

        assertThat(order).hasSize(Entrances.PEERS_PER_SOURCE_MAX + 2);
        assertThat(order.subList(0, 4)).contains(Peers.peer(5000), Peers.peer(5001));
    }

    @Test
    void one_that_several_sources_name_is_one_with_all_their_addresses_up_to_the_limit() {
        var addresses = new ArrayList<>(Peers.peer(1).addresses());
        for (int port = 1000; port < 1020; port++) {
            addresses.add(Peers.address(port));
        }
        entrances.named("a", List.of(Peers.peer(1)));
        entrances.named("b", List.of(new PeerInfo(Peers.id(1), addresses)));

        var knocked = dueAlone();

        assertThat(knocked).hasSize(1);
        assertThat(knocked.getFirst().addresses())
                .isEqualTo(addresses.subList(0, KadCodec.ADDRESSES_MAX));
        assertThat(report().entrances().getFirst().sources()).containsExactly("a", "b");
    }

    @Test
    void pauses_double_up_to_a_minute_while_we_are_alone_and_longer_while_we_are_not() {
        entrances.named("a", List.of(Peers.peer(1)));

        assertThat(pausesOf(8, true)).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
        assertThat(pausesOf(3, false)).containsExactly(256L, 512L, 600L);
    }

    @Test
    void one_that_answers_is_left_in_peace_until_we_are_alone_again() {
        entrances.named("a", List.of(Peers.peer(1)));
        dueAlone();
        entrances.answered(Peers.id(1), now);
        now = now.plus(Duration.ofDays(1));

        assertThat(entrances.due(now, false, Set.<PeerId>of()::contains)).isEmpty();
        assertThat(dueAlone()).containsExactly(Peers.peer(1));
    }

    @Test
    void one_that_answers_and_is_of_no_help_is_knocked_at_less_and_less() {
        entrances.named("a", List.of(Peers.peer(1)));
        dueAlone();
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 4; i++) {
            entrances.answered(Peers.id(1), now);
            pauses.add(untilDue(true).toSeconds());
        }

        assertThat(pauses).containsExactly(1L, 2L, 4L, 8L);
    }

    @Test
    void who_is_known_already_needs_no_knock() {
        entrances.named("a", List.of(Peers.peer(1), Peers.peer(2)));

        assertThat(entrances.due(now, false, Set.of(Peers.id(1))::contains))
                .containsExactly(Peers.peer(2));
    }

    @Test
    void a_source_that_falls_silent_keeps_its_peers_and_one_with_news_replaces_them() {
        entrances.named("a", List.of(Peers.peer(1)));
        entrances.silent("a", "no such name");
        assertThat(report().sources())
                .containsExactly(new EntranceReport.Source("a", 1, Optional.of("no such name")));
        dueAlone();
        entrances.failed(Peers.id(1), refused, now);

        entrances.named("a", List.of(Peers.peer(2)));

        assertThat(report().sources())
                .containsExactly(new EntranceReport.Source("a", 1, Optional.empty()));
        assertThat(report().entrances())
                .extracting(EntranceReport.Entrance::peer)
                .containsExactly(Peers.peer(2));
        assertThat(entrances.all()).containsExactly(Peers.peer(2));
    }

    @Test
    void the_report_says_who_failed_why_how_often_and_when_it_is_tried_again() {
        entrances.named("a", List.of(Peers.peer(1), Peers.peer(2)));
        dueAlone();
        entrances.answered(Peers.id(2), now);
        entrances.failed(Peers.id(1), refused, now);

        var failed = report().failed();

        assertThat(failed).hasSize(1);
        var failure = failed.getFirst().failure().orElseThrow();
        assertThat(failed.getFirst().peer()).isEqualTo(Peers.peer(1));
        assertThat(failure.cause()).isSameAs(refused);
        assertThat(failure.times()).isEqualTo(1);
        assertThat(Duration.between(now, failure.again()).toMillis()).isBetween(900L, 1100L);
        assertThat(entrances.answering(_ -> false)).containsExactly(Peers.peer(2));
    }

    @Test
    void one_that_failed_and_comes_in_by_another_way_counts_as_having_answered() {
        entrances.named("a", List.of(Peers.peer(1), Peers.peer(2)));
        dueAlone();
        entrances.failed(Peers.id(1), refused, now);
        entrances.failed(Peers.id(2), refused, now);

        assertThat(entrances.cameIn(Set.of(Peers.id(1))::contains, now))
                .containsExactly(Peers.peer(1));

        assertThat(entrances.cameIn(Set.of(Peers.id(1))::contains, now)).isEmpty();
        assertThat(report().failed())
                .extracting(EntranceReport.Entrance::peer)
                .containsExactly(Peers.peer(2));
    }

    @Test
    void knocks_that_were_called_off_can_be_made_again() {
        entrances.named("a", List.of(Peers.peer(1)));
        entrances.calledOff(dueAlone());

        assertThat(dueAlone()).containsExactly(Peers.peer(1));
    }

    private List<Long> pausesOf(int count, boolean alone) {
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < count; i++) {
            entrances.all();
            entrances.failed(Peers.id(1), refused, now);
            pauses.add(untilDue(alone).toSeconds());
        }
        return pauses;
    }

    /** How long until the only peer is due, rounded to what it is before it is spread. */
    private Duration untilDue(boolean alone) {
        for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 60, 64, 128, 256, 512, 600}) {
            var due = entrances.due(now.plusMillis(seconds * 1100), alone, _ -> false);
            if (!due.isEmpty()) {
                entrances.calledOff(due);
                return Duration.ofSeconds(seconds);
            }
        }
        throw new AssertionError("not due within 10 minutes");
    }

    private List<PeerInfo> dueAlone() {
        return entrances.due(now, true, _ -> false);
    }

    private EntranceReport report() {
        return entrances.report(true, _ -> false, Optional.empty());
    }
}
