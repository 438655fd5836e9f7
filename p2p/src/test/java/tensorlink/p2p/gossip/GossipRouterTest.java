package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static tensorlink.p2p.gossip.Cast.TOPIC;
import static tensorlink.p2p.gossip.Cast.delivered;
import static tensorlink.p2p.gossip.Cast.id;
import static tensorlink.p2p.gossip.Cast.message;
import static tensorlink.p2p.gossip.Cast.peer;
import static tensorlink.p2p.gossip.Cast.prunes;
import static tensorlink.p2p.gossip.Cast.receivers;
import static tensorlink.p2p.gossip.Cast.to;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.peer.PeerId;

/** One router among peers that the test plays, without signatures and in virtual time. */
class GossipRouterTest {
    private static final GossipMessage HELLO = message("hello");
    private static final ByteString BIG = ByteString.copyFrom(new byte[2000]);

    private final Cast cast = new Cast(Cast.unsigned());

    // Subscriptions.

    @Test
    void a_new_peer_is_told_of_every_topic_that_we_joined() {
        cast.joined();
        cast.router.join("other", TopicConfig.defaults(), cast.now);

        var actions = cast.router.connected(peer(1), Dialect.V1_2, true, "");

        assertThat(actions)
                .containsExactly(
                        new Action.Send(
                                peer(1),
                                Rpc.of(
                                        new Rpc.Interest(TOPIC, true),
                                        new Rpc.Interest("other", true)),
                                false));
    }

    @Test
    void peers_hear_when_we_join_and_when_we_leave() {
        cast.with(1, 1);

        var joining = cast.router.join(TOPIC, TopicConfig.defaults(), cast.now);
        var leaving = cast.router.leave(TOPIC, cast.now);

        assertThat(to(1, joining).getFirst().interests())
                .containsExactly(new Rpc.Interest(TOPIC, true));
        assertThat(to(1, joining).getFirst().grafts()).containsExactly(TOPIC);
        assertThat(to(1, leaving).getFirst().interests())
                .containsExactly(new Rpc.Interest(TOPIC, false));
        assertThat(prunes(1, leaving)).containsExactly(new Rpc.Prune(TOPIC, List.of(), 10));
    }

    @Test
    void a_peer_is_known_as_a_subscriber_of_so_many_topics_and_no_more() {
        cast.with(1, 1);
        int max = cast.config.limits().topicsPerPeerMax();
        for (int i = 0; i < max; i++) {
            cast.receive(1, Rpc.of(new Rpc.Interest("t" + i, true)));
        }

        assertThat(cast.router.peers("t" + (max - 2))).containsExactly(peer(1));
        assertThat(cast.router.peers("t" + (max - 1))).isEmpty();
    }

    // The mesh.

    @Test
    void the_mesh_has_its_degree_after_one_heartbeat() {
        cast.with(1, 20).joined();

        cast.beat();

        assertThat(cast.router.mesh(TOPIC)).hasSize(6);
        assertThat(cast.router.peers(TOPIC)).hasSize(20);
    }

    @Test
    void a_mesh_that_lost_members_takes_others_in() {
        cast.with(1, 20).joined();
        var lost = cast.router.mesh(TOPIC).subList(0, 3);
        for (var peer : lost) {
            cast.router.disconnected(peer, cast.now);
        }

        var actions = cast.beat();

        assertThat(cast.router.mesh(TOPIC)).hasSize(6).doesNotContainAnyElementsOf(lost);
        assertThat(actions).filteredOn(it -> grafts(it)).hasSize(3);
    }

    private static boolean grafts(Action action) {
        return action instanceof Action.Send send && !send.rpc().grafts().isEmpty();
    }

    @Test
    void a_mesh_grown_too_large_shrinks_and_keeps_those_that_we_dialled() {
        for (int i = 1; i <= 15; i++) {
            cast.connect(i, Dialect.V1_2, i >= 13, "");
        }
        cast.joined();
        for (int i = 1; i <= 15; i++) {
            cast.receive(i, Rpc.grafting(TOPIC));
        }
        assertThat(cast.router.mesh(TOPIC)).hasSizeGreaterThan(12);

        cast.beat();

        assertThat(cast.router.mesh(TOPIC)).hasSize(6);
        assertThat(cast.router.mesh(TOPIC))
                .filteredOn(it -> Set.of(peer(13), peer(14), peer(15)).contains(it))
                .hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void a_full_mesh_takes_in_only_those_that_we_dialled() {
        cast.with(1, 13).joined();
        for (int i = 1; i <= 12; i++) {
            cast.receive(i, Rpc.grafting(TOPIC));
        }
        cast.connect(14, Dialect.V1_2, true, "");
        int size = cast.router.mesh(TOPIC).size();
        var outsider = outsider(13);

        var refused = cast.receive(outsider, Rpc.grafting(TOPIC));
        cast.receive(14, Rpc.grafting(TOPIC));

        assertThat(size).isEqualTo(12);
        assertThat(prunes(outsider, refused)).hasSize(1);
        assertThat(cast.router.mesh(TOPIC)).contains(peer(14)).doesNotContain(peer(outsider));
    }

    private int outsider(int count) {
        for (int i = 1; i <= count; i++) {
            if (!cast.router.mesh(TOPIC).contains(peer(i))) {
                return i;
            }
        }
        throw new AssertionError("all are in the mesh");
    }

    @Test
    void a_mesh_without_those_that_we_dialled_takes_two_of_them_in() {
        cast.with(1, 6).joined();
        cast.connect(7, Dialect.V1_2, true, "");
        cast.connect(8, Dialect.V1_2, true, "");
        cast.connect(9, Dialect.V1_2, true, "");

        cast.beat();

        assertThat(cast.router.mesh(TOPIC)).hasSize(8);
    }

    @Test
    void a_mesh_of_little_merit_is_improved_every_sixty_heartbeats() {
        var merits = new HashSet<PeerId>();
        var config =
                Cast.unsigned()
                        .withScore(
                                ScoreConfig.defaults()
                                        .withApplication(it -> merits.contains(it) ? 8 : 0));
        var improving = new Cast(config).with(1, 6).joined().with(7, 10);
        for (int i = 7; i <= 10; i++) {
            merits.add(peer(i));
        }
        improving.beatFor(Duration.ofSeconds(59));
        assertThat(improving.router.mesh(TOPIC)).hasSize(6).doesNotContainAnyElementsOf(merits);

        improving.beat();

        assertThat(improving.router.mesh(TOPIC)).hasSize(8);
        assertThat(improving.router.mesh(TOPIC)).filteredOn(merits::contains).hasSize(2);
    }

    @Test
    void a_graft_for_a_topic_that_we_have_not_joined_is_not_answered() {
        cast.with(1, 1);

        assertThat(cast.receive(1, Rpc.grafting("invented"))).isEmpty();
    }

    @Test
    void a_pruned_peer_is_left_alone_for_as_long_as_it_asks() {
        cast.with(1, 1).joined();
        cast.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), 30)));
        assertThat(cast.router.mesh(TOPIC)).isEmpty();

        cast.beatFor(Duration.ofSeconds(30));
        assertThat(cast.router.mesh(TOPIC)).isEmpty();
        cast.beat();

        assertThat(cast.router.mesh(TOPIC)).containsExactly(peer(1));
    }

    @Test
    void a_second_prune_makes_the_wait_longer_but_never_shorter() {
        cast.with(1, 1).joined();
        cast.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), 30)));
        cast.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), 1)));

        cast.beatFor(Duration.ofSeconds(30));

        assertThat(cast.router.mesh(TOPIC)).isEmpty();
    }

    @Test
    void a_prune_that_names_an_absurd_time_keeps_us_away_for_an_hour() {
        for (long seconds : new long[] {Long.MAX_VALUE, 1L << 32, 3601}) {
            var other = new Cast(Cast.unsigned()).with(1, 1).joined();
            other.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), seconds)));

            other.beatFor(Duration.ofHours(1));
            assertThat(other.router.mesh(TOPIC)).as("%d s", seconds).isEmpty();
            other.beat();

            assertThat(other.router.mesh(TOPIC)).as("%d s", seconds).containsExactly(peer(1));
        }
    }

    @Test
    void a_prune_of_no_time_or_a_negative_one_means_a_minute() {
        for (long seconds : new long[] {0, -1, Long.MIN_VALUE}) {
            var other = new Cast(Cast.unsigned()).with(1, 1).joined();
            other.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), seconds)));

            other.beatFor(Duration.ofSeconds(60));
            assertThat(other.router.mesh(TOPIC)).as("%d s", seconds).isEmpty();
            other.beat();

            assertThat(other.router.mesh(TOPIC)).as("%d s", seconds).containsExactly(peer(1));
        }
    }

    @Test
    void grafting_during_the_wait_is_a_breach_and_soon_after_the_prune_a_double_one() {
        cast.with(1, 1).joined();
        cast.router.leave(TOPIC, cast.now);
        cast.joined();
        cast.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), 60)));

        cast.pass(Duration.ofSeconds(9));
        var early = cast.receive(1, Rpc.grafting(TOPIC));
        assertThat(cast.report(1).breaches()).isEqualTo(2);
        cast.pass(Duration.ofSeconds(59));
        cast.receive(1, Rpc.grafting(TOPIC));

        assertThat(prunes(1, early)).containsExactly(new Rpc.Prune(TOPIC, List.of(), 60));
        assertThat(cast.report(1).breaches()).isEqualTo(3);
        assertThat(cast.router.mesh(TOPIC)).isEmpty();
    }

    @Test
    void grafting_all_the_time_during_the_wait_ends_in_the_graylist() {
        cast.with(1, 1).joined();
        cast.receive(1, Rpc.of(new Rpc.Prune(TOPIC, List.of(), 60)));

        cast.receive(1, Rpc.grafting(TOPIC));
        cast.receive(1, Rpc.grafting(TOPIC));

        assertThat(cast.router.listensTo(peer(1))).isFalse();
    }

    @Test
    void a_peer_of_bad_standing_is_pruned_and_its_graft_refused() {
        cast.with(1, 6).joined();
        var member = cast.router.mesh(TOPIC).getFirst();
        cast.router.refused(member);

        var actions = cast.beat();

        assertThat(cast.router.mesh(TOPIC)).doesNotContain(member);
        assertThat(actions)
                .anySatisfy(it ->
                        assertThat(it)
                                .isEqualTo(
                                        new Action.Send(
                                                member,
                                                Rpc.of(new Rpc.Prune(TOPIC, List.of(), 60)),
                                                false)));
    }

    @Test
    void peers_of_the_first_version_are_pruned_without_a_time() {
        cast.connect(1, Dialect.V1_0, false, "");
        cast.joined();

        var actions = cast.router.leave(TOPIC, cast.now);

        assertThat(prunes(1, actions)).containsExactly(new Rpc.Prune(TOPIC, List.of(), 0));
    }

    // Messages.

    @Test
    void a_message_is_delivered_once_and_passed_on_to_the_mesh_but_not_back() {
        cast.with(1, 6).joined();

        var first = cast.bring(1, HELLO);
        var second = cast.bring(2, HELLO);

        assertThat(delivered(first)).containsExactly(HELLO);
        assertThat(receivers(first, HELLO))
                .containsExactlyInAnyOrder(peer(2), peer(3), peer(4), peer(5), peer(6));
        assertThat(second).isEmpty();
    }

    @Test
    void copies_that_come_before_the_verdict_share_it_and_their_bearers_get_none_back() {
        cast.with(1, 6).joined();
        var judging = cast.receive(1, Rpc.of(HELLO));
        var copies = cast.receive(2, Rpc.of(HELLO));
        var arrival = ((Action.Judge) judging.getFirst()).arrival();

        var actions = cast.router.judged(arrival, Outcome.ACCEPTED, cast.now);

        assertThat(copies).isEmpty();
        assertThat(delivered(actions)).containsExactly(HELLO);
        assertThat(receivers(actions, HELLO)).hasSize(4).doesNotContain(peer(1), peer(2));
    }

    @Test
    void a_message_on_a_topic_that_we_have_not_joined_is_dropped() {
        cast.with(1, 1);

        assertThat(cast.receive(1, Rpc.of(HELLO))).isEmpty();
    }

    @Test
    void our_own_message_that_comes_back_is_dropped_without_blame() {
        var signing = new Cast(GossipConfig.defaults()).with(1, 2).joined();
        var ours = GossipMessage.signed(Cast.key(0), 1, TOPIC, ByteString.copyFromUtf8("ours"));
        signing.router.publish(ours, signing.now);

        assertThat(signing.receive(1, Rpc.of(ours))).isEmpty();
        assertThat(signing.score(1)).isZero();
    }

    @Test
    void a_message_is_not_sent_to_its_author() {
        var signing = new Cast(GossipConfig.defaults()).with(1, 3).joined();
        var theirs = GossipMessage.signed(Cast.key(2), 1, TOPIC, ByteString.copyFromUtf8("x"));

        var actions = signing.bring(1, theirs);

        assertThat(receivers(actions, theirs)).containsExactly(peer(3));
    }

    @Test
    void a_forgery_counts_against_its_bearer_and_does_not_keep_the_true_message_away() {
        var signing = new Cast(GossipConfig.defaults()).with(1, 2).joined();
        var genuine = GossipMessage.signed(Cast.key(9), 7, TOPIC, ByteString.copyFromUtf8("x"));
        var forged = GossipMessage.signed(Cast.key(9), 7, TOPIC, ByteString.copyFromUtf8("y"));

        var bad = signing.bring(1, forged, Outcome.FORGED);
        var good = signing.bring(2, genuine);

        assertThat(MessageId.byAuthor().of(forged)).isEqualTo(MessageId.byAuthor().of(genuine));
        assertThat(bad).isEmpty();
        assertThat(delivered(good)).containsExactly(genuine);
        assertThat(signing.score(1)).isNegative();
        assertThat(signing.score(2)).isPositive();
    }

    @Test
    void two_variants_under_one_id_are_judged_apart_and_delivered_once() {
        var signing = new Cast(GossipConfig.defaults()).with(1, 3).joined();
        var one = GossipMessage.signed(Cast.key(9), 7, TOPIC, ByteString.copyFromUtf8("x"));
        var two = GossipMessage.signed(Cast.key(9), 7, TOPIC, ByteString.copyFromUtf8("y"));
        var first = (Action.Judge) signing.receive(1, Rpc.of(one)).getFirst();
        var second = (Action.Judge) signing.receive(2, Rpc.of(two)).getFirst();

        var of1 = signing.router.judged(first.arrival(), Outcome.ACCEPTED, signing.now);
        var of2 = signing.router.judged(second.arrival(), Outcome.ACCEPTED, signing.now);

        assertThat(delivered(of1)).containsExactly(one);
        assertThat(of2).isEmpty();
    }

    @Test
    void a_rejected_message_counts_against_all_who_bring_it_once_each() {
        cast.with(1, 3).joined();
        cast.bring(1, HELLO, Outcome.REJECTED);

        cast.receive(2, Rpc.of(HELLO));
        cast.receive(2, Rpc.of(HELLO));

        assertThat(cast.onTopic(1).invalids()).isEqualTo(1);
        assertThat(cast.onTopic(2).invalids()).isEqualTo(1);
        assertThat(cast.score(3)).isZero();
    }

    @Test
    void an_ignored_message_is_dropped_for_good_and_nobody_is_to_blame() {
        cast.with(1, 2).joined();

        assertThat(cast.bring(1, HELLO, Outcome.IGNORED)).isEmpty();
        assertThat(cast.bring(2, HELLO)).isEmpty();
        assertThat(cast.score(1)).isZero();
    }

    @Test
    void an_overlooked_message_has_another_chance() {
        cast.with(1, 2).joined();

        assertThat(cast.bring(1, HELLO, Outcome.OVERLOOKED)).isEmpty();
        assertThat(delivered(cast.bring(2, HELLO))).containsExactly(HELLO);
    }

    @Test
    void no_more_messages_wait_for_their_verdict_than_the_limit() {
        cast.with(1, 1).joined();
        int max = cast.config.limits().validationsMax();
        var judging = new ArrayList<Arrival>();
        for (int i = 0; i <= max; i++) {
            for (var action : cast.receive(1, Rpc.of(message("m" + i)))) {
                judging.add(((Action.Judge) action).arrival());
            }
        }

        assertThat(judging).hasSize(max);
        cast.router.judged(judging.getLast(), Outcome.IGNORED, cast.now);
        assertThat(cast.receive(1, Rpc.of(message("late")))).hasSize(1);
    }

    @Test
    void a_message_is_known_for_two_minutes_after_its_delivery() {
        cast.with(1, 2).joined();
        cast.bring(1, HELLO);

        cast.beatFor(Duration.ofSeconds(119));
        assertThat(cast.bring(2, HELLO)).isEmpty();
        cast.beat();

        assertThat(delivered(cast.bring(2, HELLO))).containsExactly(HELLO);
    }

    @Test
    void what_we_publish_goes_to_all_subscribers_of_some_standing() {
        cast.with(1, 20).joined();
        for (int i = 0; i < 4; i++) {
            cast.router.refused(peer(1));
        }

        var actions = cast.router.publish(HELLO, cast.now);

        assertThat(receivers(actions, HELLO)).hasSize(19).doesNotContain(peer(1));
        assertThat(actions).allSatisfy(it -> assertThat(((Action.Send) it).isOwn()).isTrue());
        assertThat(delivered(actions)).isEmpty();
        assertThat(cast.router.publish(HELLO, cast.now)).isEmpty();
    }

    @Test
    void without_flooding_what_we_publish_goes_to_the_mesh() {
        var frugal = new Cast(frugal()).with(1, 20).joined();

        var actions = frugal.router.publish(HELLO, frugal.now);

        assertThat(receivers(actions, HELLO))
                .containsExactlyInAnyOrderElementsOf(frugal.router.mesh(TOPIC));
    }

    @Test
    void a_topic_that_we_only_publish_on_has_peers_of_its_own_who_become_the_mesh() {
        var frugal = new Cast(frugal()).with(1, 20);
        var first = receivers(frugal.router.publish(HELLO, frugal.now), HELLO);
        var again = message("again");
        var second = receivers(frugal.router.publish(again, frugal.now), again);

        frugal.joined();

        assertThat(first).hasSize(6).hasSameElementsAs(second);
        assertThat(frugal.router.mesh(TOPIC)).hasSameElementsAs(first);
    }

    @Test
    void the_peers_of_a_topic_that_is_no_longer_published_on_are_forgotten_after_a_minute() {
        var frugal = new Cast(frugal()).with(1, 6);
        frugal.router.publish(HELLO, frugal.now);
        assertThat(offered(frugal.beat())).isEmpty();
        frugal.with(7, 8);
        frugal.router.publish(message("again"), frugal.now);
        assertThat(offered(frugal.beat())).isNotEmpty();

        frugal.beatFor(Duration.ofSeconds(60));

        assertThat(offered(frugal.beat())).isEmpty();
    }

    private static GossipConfig frugal() {
        return Cast.unsigned().withMesh(MeshConfig.defaults().withFloodsPublications(false));
    }

    // Gossip.

    @Test
    void those_outside_the_mesh_are_offered_recent_messages_for_three_heartbeats() {
        cast.with(1, 14).joined();
        var mesh = cast.router.mesh(TOPIC);
        cast.bring(1, HELLO);

        for (int i = 0; i < 3; i++) {
            var offers = offered(cast.beat());
            assertThat(offers).as("heartbeat %d", i).hasSize(6).doesNotContainAnyElementsOf(mesh);
        }

        assertThat(offered(cast.beat())).isEmpty();
    }

    private static List<PeerId> offered(List<Action> actions) {
        var offered = new ArrayList<PeerId>();
        for (var action : actions) {
            if (action instanceof Action.Send send && !send.rpc().haves().isEmpty()) {
                offered.add(send.peer());
            }
        }
        return offered;
    }

    @Test
    void an_offered_message_that_is_new_is_asked_for_and_a_known_one_is_not() {
        cast.with(1, 2).joined();
        cast.bring(1, HELLO);
        var unknown = id(message("unknown"));

        var actions =
                cast.receive(2, Rpc.of(new Rpc.Have(TOPIC, List.of(id(HELLO), unknown, unknown))));

        assertThat(to(2, actions)).containsExactly(Rpc.wanting(List.of(unknown)));
    }

    @Test
    void of_one_peer_ten_offers_and_five_thousand_ids_are_considered_per_heartbeat() {
        cast.with(1, 2).joined();
        var asked = 0;
        for (int i = 0; i < 12; i++) {
            asked += asks(cast.receive(1, Rpc.of(new Rpc.Have(TOPIC, ids(i * 1000, 1)))));
        }
        assertThat(asked).isEqualTo(10);
        assertThat(asks(cast.receive(2, Rpc.of(new Rpc.Have(TOPIC, ids(90_000, 4000))))))
                .isEqualTo(4000);
        assertThat(asks(cast.receive(2, Rpc.of(new Rpc.Have(TOPIC, ids(80_000, 4000))))))
                .isEqualTo(1000);

        cast.beat();

        assertThat(asks(cast.receive(1, Rpc.of(new Rpc.Have(TOPIC, ids(70_000, 1)))))).isOne();
    }

    private static List<ByteString> ids(int from, int count) {
        var ids = new ArrayList<ByteString>();
        for (int i = from; i < from + count; i++) {
            ids.add(ByteString.copyFromUtf8("id " + i));
        }
        return ids;
    }

    private static int asks(List<Action> actions) {
        var count = 0;
        for (var action : actions) {
            count += ((Action.Send) action).rpc().wants().size();
        }
        return count;
    }

    @Test
    void a_peer_that_does_not_send_what_it_offered_breaks_a_promise() {
        cast.with(1, 3).joined();
        cast.receive(1, Rpc.of(new Rpc.Have(TOPIC, ids(0, 100))));
        cast.receive(2, Rpc.of(new Rpc.Have(TOPIC, List.of(id(HELLO)))));
        cast.bring(3, HELLO);

        cast.beatFor(Duration.ofSeconds(2));
        assertThat(cast.report(1).breaches()).isZero();
        cast.beatFor(Duration.ofSeconds(1));

        assertThat(cast.score(1)).isNegative();
        assertThat(cast.report(2).breaches()).isZero();
    }

    @Test
    void a_message_that_is_asked_for_is_sent_three_times_and_for_five_heartbeats() {
        cast.with(1, 3).joined();
        cast.bring(1, HELLO);
        var want = Rpc.wanting(List.of(id(HELLO), id(HELLO), id(message("unknown"))));

        for (int i = 0; i < 3; i++) {
            assertThat(to(2, cast.receive(2, want))).containsExactly(Rpc.of(HELLO));
        }
        assertThat(cast.receive(2, want)).isEmpty();
        cast.beatFor(Duration.ofSeconds(4));
        assertThat(to(3, cast.receive(3, want))).containsExactly(Rpc.of(HELLO));
        cast.beat();

        assertThat(cast.receive(3, want)).isEmpty();
    }

    @Test
    void with_a_peer_below_the_gossip_threshold_there_is_no_gossip() {
        cast.with(1, 2).joined();
        cast.bring(1, HELLO);
        cast.router.refused(peer(2));
        cast.router.refused(peer(2));

        assertThat(cast.receive(2, Rpc.of(new Rpc.Have(TOPIC, ids(0, 1))))).isEmpty();
        assertThat(cast.receive(2, Rpc.wanting(List.of(id(HELLO))))).isEmpty();
    }

    // Declining.

    @Test
    void a_large_message_is_declined_to_the_rest_of_the_mesh_before_its_verdict() {
        cast.with(1, 4).joined();
        cast.connect(5, Dialect.V1_1, false, "");
        var large = GossipMessage.unsigned(TOPIC, BIG);

        var actions = cast.receive(1, Rpc.of(large));

        assertThat(actions.getFirst()).isInstanceOf(Action.Judge.class);
        assertThat(actions.subList(1, actions.size()))
                .containsExactlyInAnyOrder(
                        declining(2, large), declining(3, large), declining(4, large));
        assertThat(cast.receive(1, Rpc.of(HELLO))).hasSize(1);
    }

    @Test
    void nothing_is_declined_on_a_topic_where_copies_are_signs_of_life() {
        cast.with(1, 4)
                .joined(
                        TopicScore.defaults()
                                .expecting(1, Duration.ofMillis(100), ScoreConfig.defaults()));

        assertThat(cast.receive(1, Rpc.of(GossipMessage.unsigned(TOPIC, BIG)))).hasSize(1);
    }

    private static Action declining(int peer, GossipMessage message) {
        return new Action.Send(peer(peer), Rpc.declining(List.of(id(message))), false);
    }

    @Test
    void a_message_that_a_peer_declined_is_not_passed_on_to_it_for_three_heartbeats() {
        cast.with(1, 4).joined();
        var later = message("later");
        cast.receive(2, Rpc.declining(List.of(id(HELLO), id(later))));

        assertThat(receivers(cast.bring(1, HELLO), HELLO))
                .containsExactlyInAnyOrder(peer(3), peer(4));
        cast.beatFor(Duration.ofSeconds(3));
        assertThat(receivers(cast.bring(1, later), later))
                .containsExactlyInAnyOrder(peer(2), peer(3), peer(4));
    }

    @Test
    void what_a_peer_declines_beyond_the_limit_per_heartbeat_is_sent_nevertheless() {
        cast.with(1, 2).joined();
        int max = cast.config.limits().dontWantsMax();
        cast.receive(2, Rpc.declining(ids(0, max)));
        cast.receive(2, Rpc.declining(List.of(id(HELLO))));

        assertThat(receivers(cast.bring(1, HELLO), HELLO)).containsExactly(peer(2));
    }

    // Peer exchange.

    @Test
    void who_is_pruned_in_good_standing_hears_of_at_most_sixteen_others() {
        var generous = new Cast(Cast.unsigned().withExchangesPeers(true)).with(1, 40).joined();
        for (int i = 1; i <= 20; i++) {
            generous.receive(i, Rpc.grafting(TOPIC));
        }

        var actions = generous.receive(39, Rpc.grafting(TOPIC));

        assertThat(prunes(39, actions)).hasSize(1);
        assertThat(prunes(39, actions).getFirst().others())
                .hasSize(16)
                .doesNotHaveDuplicates()
                .allSatisfy(it -> {
                    assertThat(it.peer()).isNotEqualTo(peer(39));
                    assertThat(it.record().toStringUtf8()).isEqualTo("record");
                });
    }

    @Test
    void recommended_peers_are_dialled_only_on_the_word_of_a_peer_of_merit() {
        var liked = new HashSet<PeerId>();
        var config =
                Cast.unsigned()
                        .withScore(
                                ScoreConfig.defaults()
                                        .withApplication(it -> liked.contains(it) ? 10 : 0));
        var trusting = new Cast(config).with(1, 2).joined();
        liked.add(peer(2));
        var prune = new Rpc.Prune(TOPIC, recommended(100, 100), 60);

        var stranger = trusting.receive(1, Rpc.of(prune));
        var friend = trusting.receive(2, Rpc.of(prune));
        var insistent = trusting.receive(2, Rpc.of(prune));

        assertThat(stranger).isEmpty();
        assertThat(friend).hasSize(16).hasOnlyElementsOfType(Action.Connect.class);
        assertThat(insistent).isEmpty();
    }

    private static List<Rpc.Exchanged> recommended(int from, int count) {
        var recommended = new ArrayList<Rpc.Exchanged>();
        for (int i = from; i < from + count; i++) {
            recommended.add(new Rpc.Exchanged(peer(i), ByteString.EMPTY));
        }
        return recommended;
    }

    // Explicit peers.

    @Test
    void explicit_peers_are_dialled_stay_outside_the_mesh_and_get_everything() {
        var config = Cast.unsigned().withExplicitPeers(Set.of(peer(1)));
        var linked = new Cast(config);
        var first = linked.beat();
        linked.with(1, 3).joined();
        for (int i = 0; i < 10; i++) {
            linked.router.refused(peer(1));
        }

        var grafting = linked.receive(1, Rpc.grafting(TOPIC));
        var actions = linked.bring(2, HELLO);

        assertThat(first).containsExactly(new Action.Connect(peer(1), ByteString.EMPTY));
        assertThat(prunes(1, grafting)).hasSize(1);
        assertThat(linked.router.mesh(TOPIC)).doesNotContain(peer(1));
        assertThat(receivers(actions, HELLO)).containsExactlyInAnyOrder(peer(1), peer(3));
        assertThat(delivered(linked.bring(1, message("from the friend")))).hasSize(1);
    }

    // Time and chance.

    @Test
    void equal_inputs_lead_to_equal_answers() {
        assertThat(story()).isEqualTo(story());
    }

    private static List<Action> story() {
        var actions = new ArrayList<Action>();
        var cast = new Cast(Cast.unsigned()).with(1, 30).joined();
        for (int i = 1; i <= 30; i++) {
            actions.addAll(cast.receive(i, Rpc.of(new Rpc.Have(TOPIC, ids(i, 20)))));
            actions.addAll(cast.bring(i, message("m" + i)));
            actions.addAll(cast.beat());
        }
        return actions;
    }
}
