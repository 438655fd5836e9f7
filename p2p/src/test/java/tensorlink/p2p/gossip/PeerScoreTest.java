package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static tensorlink.p2p.gossip.Cast.TOPIC;
import static tensorlink.p2p.gossip.Cast.message;
import static tensorlink.p2p.gossip.Cast.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.gossip.Arrival.Outcome;

/** What conduct does to a score, and what a score does to a peer. */
class PeerScoreTest {
    private static final ScoreConfig CONFIG = ScoreConfig.defaults();
    private static final TopicScore DEFAULTS = TopicScore.defaults();
    private static final TopicScore BUSY = DEFAULTS.expecting(10, Duration.ofMillis(100), CONFIG);

    private final Cast cast = new Cast(Cast.unsigned());

    @Test
    void staying_in_the_mesh_is_a_merit_up_to_a_cap() {
        cast.with(1, 1).joined();

        cast.beatFor(Duration.ofSeconds(50));
        assertThat(cast.score(1)).isCloseTo(0.5 * 0.01 * 50, within(0.01));
        cast.beatFor(Duration.ofSeconds(100));

        assertThat(cast.score(1)).isCloseTo(0.5 * 0.01 * 100, within(0.001));
    }

    @Test
    void bringing_messages_first_is_a_merit_that_fades() {
        cast.with(1, 1).joined();
        cast.bring(1, message("a"));
        cast.bring(1, message("b"));
        assertThat(cast.onTopic(1).firsts()).isEqualTo(2);

        cast.beatFor(Duration.ofSeconds(3));

        assertThat(cast.onTopic(1).firsts()).isEqualTo(0.5);
    }

    @Test
    void no_more_firsts_count_than_the_cap() {
        cast.with(1, 1).joined();

        for (int i = 0; i < 30; i++) {
            cast.bring(1, message("m" + i));
        }

        assertThat(cast.onTopic(1).firsts()).isEqualTo(DEFAULTS.firstMax());
    }

    @Test
    void invalid_messages_weigh_by_their_square_until_nobody_listens() {
        cast.with(1, 1).joined();
        var scores = new ArrayList<Double>();

        for (int i = 0; i < 4; i++) {
            cast.bring(1, message("m" + i), Outcome.REJECTED);
            scores.add(cast.score(1));
        }

        assertThat(scores).containsExactly(-5.0, -20.0, -45.0, -80.0);
        assertThat(cast.router.listensTo(peer(1))).isTrue();
        cast.bring(1, message("last"), Outcome.REJECTED);
        assertThat(cast.router.listensTo(peer(1))).isFalse();
        assertThat(cast.receive(1, Rpc.of(message("unheard")))).isEmpty();
    }

    @Test
    void a_graylisted_peer_is_heard_again_when_its_faults_have_faded() {
        cast.with(1, 1).joined();
        for (int i = 0; i < 5; i++) {
            cast.bring(1, message("m" + i), Outcome.REJECTED);
        }

        cast.beatFor(Duration.ofSeconds(60));

        assertThat(cast.router.listensTo(peer(1))).isTrue();
    }

    @Test
    void breaches_of_the_protocol_weigh_by_their_square() {
        cast.with(1, 1);

        cast.router.refused(peer(1));
        cast.router.refused(peer(1));

        assertThat(cast.score(1)).isEqualTo(-40);
    }

    @Test
    void more_than_ten_peers_behind_one_address_are_a_fault_of_each() {
        for (int i = 1; i <= 10; i++) {
            cast.connect(i, Dialect.V1_2, false, "192.0.2.7");
        }
        assertThat(cast.score(1)).isZero();
        cast.connect(11, Dialect.V1_2, false, "192.0.2.7");
        cast.connect(12, Dialect.V1_2, false, "192.0.2.7");
        cast.connect(13, Dialect.V1_2, false, "192.0.2.8");

        assertThat(cast.score(1)).isEqualTo(-20);
        assertThat(cast.score(12)).isEqualTo(-20);
        assertThat(cast.score(13)).isZero();
    }

    @Test
    void peers_whose_address_does_not_count_may_be_many() {
        cast.with(1, 50);

        assertThat(cast.score(1)).isZero();
    }

    @Test
    void a_bad_score_survives_reconnecting_and_a_good_one_does_not() {
        cast.with(1, 2).joined();
        cast.bring(1, message("good"));
        cast.bring(2, message("bad"), Outcome.REJECTED);
        for (int i = 1; i <= 2; i++) {
            cast.router.disconnected(peer(i), cast.now);
        }
        cast.beatFor(Duration.ofMinutes(59));

        cast.with(1, 2);

        assertThat(cast.score(1)).isZero();
        assertThat(cast.score(2)).isEqualTo(-5);
    }

    @Test
    void a_bad_score_is_forgotten_after_an_hour() {
        cast.with(1, 1).joined();
        cast.bring(1, message("bad"), Outcome.REJECTED);
        cast.router.disconnected(peer(1), cast.now);
        cast.beatFor(Duration.ofMinutes(60));

        cast.with(1, 1);

        assertThat(cast.score(1)).isZero();
    }

    @Test
    void no_more_scores_of_absent_peers_are_kept_than_the_limit() {
        var score = new PeerScore(CONFIG, 3);
        score.judge(TOPIC, DEFAULTS);
        for (int i = 1; i <= 5; i++) {
            score.connected(peer(i), "192.0.2.7");
            score.breached(peer(i), 1);
            score.disconnected(peer(i), 0);
        }

        assertThat(score.score(peer(1))).isZero();
        assertThat(score.score(peer(2))).isZero();
        assertThat(score.score(peer(3))).isEqualTo(-10);
        assertThat(score.score(peer(5))).isEqualTo(-10);
    }

    @Test
    void copies_count_as_deliveries_within_the_window_and_once_per_peer() {
        cast.with(1, 3).joined(BUSY);
        cast.bring(1, message("a"));

        cast.pass(Duration.ofMillis(99));
        cast.receive(2, Rpc.of(message("a")));
        cast.receive(2, Rpc.of(message("a")));
        cast.pass(Duration.ofMillis(2));
        cast.receive(3, Rpc.of(message("a")));

        assertThat(cast.onTopic(1).deliveries()).isEqualTo(1);
        assertThat(cast.onTopic(2).deliveries()).isEqualTo(1);
        assertThat(cast.onTopic(3).deliveries()).isZero();
    }

    /** CVE-2022-47547: merits on other topics must not pay for silence on one. */
    @Test
    void a_peer_that_is_silent_on_one_topic_loses_its_place_whatever_its_merits_on_twenty_others() {
        cast.with(1, 2).joined(BUSY);
        var others = new ArrayList<String>();
        for (int i = 0; i < 20; i++) {
            var other = "other" + i;
            others.add(other);
            cast.router.join(other, TopicConfig.defaults(), cast.now);
            for (int peer = 1; peer <= 2; peer++) {
                cast.receive(peer, Rpc.of(new Rpc.Interest(other, true)));
                cast.receive(peer, Rpc.grafting(other));
            }
        }
        var pruned = new ArrayList<Integer>();

        for (int second = 1; second <= 60; second++) {
            for (int i = 0; i < 10; i++) {
                cast.bring(1, message("m" + second + "." + i));
            }
            for (var other : others) {
                for (int i = 0; i < 20; i++) {
                    cast.bring(2, on(other, second + "." + i));
                }
            }
            cast.beat();
            if (!cast.router.mesh(TOPIC).contains(peer(2))) {
                pruned.add(second);
            }
        }

        assertThat(pruned).isNotEmpty();
        assertThat(pruned.getFirst()).isBetween(20, 25);
        assertThat(cast.router.mesh(TOPIC)).containsExactly(peer(1));
    }

    private static GossipMessage on(String topic, String text) {
        return GossipMessage.unsigned(topic, com.google.protobuf.ByteString.copyFromUtf8(text));
    }

    @Test
    void a_peer_that_delivers_a_fifth_of_the_messages_keeps_its_place() {
        cast.with(1, 2).joined(BUSY);

        for (int second = 1; second <= 120; second++) {
            for (int i = 0; i < 10; i++) {
                cast.bring(i % 5 == 0 ? 2 : 1, message("m" + second + "." + i));
            }
            cast.beat();
        }

        assertThat(cast.router.mesh(TOPIC)).containsExactlyInAnyOrder(peer(1), peer(2));
    }

    @Test
    void who_was_pruned_for_silence_does_not_come_back_clean() {
        cast.with(1, 1).joined(BUSY);

        cast.beatFor(Duration.ofSeconds(22));

        assertThat(cast.router.mesh(TOPIC)).isEmpty();
        assertThat(cast.onTopic(1).failures()).isPositive();
        assertThat(cast.score(1)).isNegative();
    }

    @Test
    void a_topic_that_we_left_no_longer_counts() {
        cast.with(1, 1).joined();
        cast.bring(1, message("bad"), Outcome.REJECTED);

        cast.router.leave(TOPIC, cast.now);

        assertThat(cast.score(1)).isZero();
        assertThat(cast.report(1).topics()).isEmpty();
    }

    @Test
    void rules_that_contradict_themselves_are_refused() {
        assertThatThrownBy(() -> DEFAULTS.expecting(0, Duration.ZERO, CONFIG))
                .hasMessageContaining("rate 0.0");
        assertThatThrownBy(() -> MeshConfig.defaults().withDegrees(7, 6, 12))
                .hasMessageContaining("7, 6, 12");
    }

    @Test
    void a_report_adds_up() {
        cast.with(1, 1).joined();
        cast.bring(1, message("good"));
        cast.bring(1, message("bad"), Outcome.REJECTED);
        cast.router.refused(peer(1));

        var report = cast.report(1);

        assertThat(report.breaches()).isEqualTo(1);
        assertThat(List.copyOf(report.topics().keySet())).containsExactly(TOPIC);
        assertThat(report.total())
                .isEqualTo(0.5 * cast.onTopic(1).score() + report.addressPenalty() - 10);
    }
}
