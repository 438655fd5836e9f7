package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.gossip.TopicConfig.Verdict;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;

/** Whole nodes that gossip, over TCP on the loopback interface and over memory. */
@ParameterizedClass
@ValueSource(strings = {"tcp", "memory"})
@Timeout(60)
class GossipTest {
    private static final String TOPIC = "news";
    private static final ByteString HELLO = ByteString.copyFromUtf8("hello");

    @Parameter private String transport = "";

    private final MemoryNetwork memory = new MemoryNetwork(1);
    private final List<Node> nodes = new ArrayList<>();

    private record Node(Host host, KeyPair key, Gossip gossip) {}

    @AfterEach
    void close() {
        for (var node : nodes) {
            node.gossip.close();
            node.host.close();
        }
        memory.close();
    }

    private Node node() throws IOException, InterruptedException {
        return node(KeyPair.generate(), GossipConfig.defaults());
    }

    private Node node(KeyPair key, GossipConfig config) throws IOException, InterruptedException {
        var listen = transport.equals("tcp") ? "/ip4/127.0.0.1/tcp/0" : "/memory/n" + nodes.size();
        var host =
                Libp2p.start(
                        key,
                        HostConfig.defaults()
                                .withListen(Multiaddr.parse(listen))
                                .withMemory(memory)
                                .withEventLoops(1));
        var node = new Node(host, key, Gossip.start(host, key, config));
        nodes.add(node);
        return node;
    }

    private static void connect(Node from, Node to) throws IOException, InterruptedException {
        from.host.connect(to.host.info());
    }

    private static BlockingQueue<GossipMessage> inbox(Topic topic) {
        var inbox = new LinkedBlockingQueue<GossipMessage>();
        topic.subscribe(inbox::add);
        return inbox;
    }

    private static void awaitPeers(Topic topic, int count) {
        Eventually.until(count + " peers on " + topic.name(), () -> topic.peers().size() == count);
    }

    private static GossipMessage next(BlockingQueue<GossipMessage> inbox)
            throws InterruptedException {
        var message = inbox.poll(20, TimeUnit.SECONDS);
        assertThat(message).as("next message").isNotNull();
        return message;
    }

    @Test
    void a_message_reaches_the_other_signed_by_its_author() throws Exception {
        var a = node();
        var b = node();
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var theirs = b.gossip.join(TOPIC, TopicConfig.defaults());
        var inbox = inbox(theirs);
        awaitPeers(ours, 1);

        int count = ours.publish(HELLO);

        var message = next(inbox);
        assertThat(count).isEqualTo(1);
        assertThat(message.data()).isEqualTo(HELLO);
        assertThat(message.topic()).isEqualTo(TOPIC);
        assertThat(message.author()).contains(a.host.id());
    }

    @Test
    void who_leaves_recommends_those_who_stay_to_each_other_by_what_they_signed() throws Exception {
        var trusting = GossipConfig.defaults();
        trusting = trusting.withScore(trusting.score().withApplication(peer -> 100));
        var hub = node(KeyPair.generate(), GossipConfig.defaults().withExchangesPeers(true));
        var a = node(KeyPair.generate(), trusting);
        var b = node(KeyPair.generate(), trusting);
        connect(a, hub);
        connect(b, hub);
        var topics = new ArrayList<Topic>();
        for (var node : nodes) {
            topics.add(node.gossip.join(TOPIC, TopicConfig.defaults()));
        }
        Eventually.until("all are in one mesh", () -> topics.getFirst().mesh().size() == 2);

        topics.getFirst().leave();

        Eventually.until(
                "the two are connected",
                () ->
                        a.host.connections().stream()
                                .anyMatch(it -> it.remotePeer().equals(b.host.id())));
    }

    @Test
    void messages_cross_a_line_of_five_both_ways_once_each() throws Exception {
        var topics = new ArrayList<Topic>();
        var inboxes = new ArrayList<BlockingQueue<GossipMessage>>();
        for (int i = 0; i < 5; i++) {
            var node = node();
            var topic = node.gossip.join(TOPIC, TopicConfig.defaults());
            topics.add(topic);
            inboxes.add(inbox(topic));
            if (i > 0) {
                connect(nodes.get(i - 1), node);
            }
        }
        for (int i = 0; i < 5; i++) {
            int neighbours = i == 0 || i == 4 ? 1 : 2;
            var topic = topics.get(i);
            awaitPeers(topic, neighbours);
            Eventually.until("the mesh is there", () -> topic.mesh().size() == neighbours);
        }

        for (int i = 0; i < 100; i++) {
            for (int from : new int[] {0, 4}) {
                topics.get(from).publish(ByteString.copyFromUtf8(from + " " + i));
            }
        }

        for (int i = 0; i < 5; i++) {
            int expected = i == 0 || i == 4 ? 100 : 200;
            var got = new HashMap<ByteString, Integer>();
            for (int k = 0; k < expected; k++) {
                got.merge(next(inboxes.get(i)).data(), 1, Integer::sum);
            }
            assertThat(got).as("node %d", i).hasSize(expected).allSatisfy(GossipTest::isOne);
            assertThat(inboxes.get(i)).as("node %d", i).isEmpty();
        }
    }

    private static void isOne(ByteString data, int count) {
        assertThat(count).as(data.toStringUtf8()).isEqualTo(1);
    }

    @Test
    void it_does_not_matter_who_was_there_first() throws Exception {
        var a = node();
        var b = node();
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var theirs = b.gossip.join(TOPIC, TopicConfig.defaults());
        var inbox = inbox(theirs);
        connect(b, a);
        awaitPeers(ours, 1);

        ours.publish(HELLO);

        assertThat(next(inbox).data()).isEqualTo(HELLO);
    }

    @Test
    void every_kind_of_key_signs_and_is_verified() throws Exception {
        for (var type : List.of(KeyType.SECP256K1, KeyType.ECDSA)) {
            var a = node(KeyPair.generate(type), GossipConfig.defaults());
            var b = node();
            connect(a, b);
            var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
            var inbox = inbox(b.gossip.join(TOPIC, TopicConfig.defaults()));
            awaitPeers(ours, 1);

            ours.publish(HELLO);

            assertThat(next(inbox).author()).contains(a.host.id());
        }
    }

    @Test
    void a_message_of_nearly_a_mebibyte_arrives_and_a_longer_one_is_refused() throws Exception {
        var a = node();
        var b = node();
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var inbox = inbox(b.gossip.join(TOPIC, TopicConfig.defaults()));
        awaitPeers(ours, 1);
        var overhead =
                GossipMessage.signed(a.key, 1, TOPIC, ByteString.copyFrom(new byte[1 << 19])).size()
                        - (1 << 19);
        int max = (1 << 20) - 8 - overhead;

        ours.publish(ByteString.copyFrom(new byte[max]));

        assertThat(next(inbox).data().size()).isEqualTo(max);
        assertThatThrownBy(() -> ours.publish(ByteString.copyFrom(new byte[max + 1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limit 1048568");
    }

    @Test
    void without_signatures_there_is_no_author_and_equal_messages_are_one() throws Exception {
        var config = GossipConfig.defaults().withSignatures(SignaturePolicy.STRICT_NO_SIGN);
        var a = node(KeyPair.generate(), config);
        var b = node(KeyPair.generate(), config);
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var inbox = inbox(b.gossip.join(TOPIC, TopicConfig.defaults()));
        awaitPeers(ours, 1);

        ours.publish(HELLO);
        var message = next(inbox);
        int again = ours.publish(HELLO);
        ours.publish(ByteString.copyFromUtf8("last"));

        assertThat(message.author()).isEmpty();
        assertThat(message.data()).isEqualTo(HELLO);
        assertThat(again).isZero();
        assertThat(next(inbox).data().toStringUtf8()).isEqualTo("last");
    }

    @Test
    void what_a_validator_refuses_goes_no_further_and_lowers_the_score() throws Exception {
        var a = node();
        var b = node();
        var c = node();
        connect(a, b);
        connect(b, c);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var strict =
                TopicConfig.defaults()
                        .withValidator((from, message) ->
                                message.data().equals(HELLO) ? Verdict.ACCEPT : Verdict.REJECT);
        var between = b.gossip.join(TOPIC, strict);
        var inbox = inbox(c.gossip.join(TOPIC, TopicConfig.defaults()));
        awaitPeers(ours, 1);
        awaitPeers(between, 2);
        Eventually.until("b and c are in one mesh", () -> between.mesh().size() == 2);

        ours.publish(ByteString.copyFromUtf8("nonsense"));
        Eventually.until("the score is lower", () -> score(b, a) < 0);
        ours.publish(HELLO);

        assertThat(next(inbox).data()).isEqualTo(HELLO);
    }

    private static double score(Node judge, Node judged) {
        var report = judge.gossip.scores().get(judged.host.id());
        return report == null ? 0 : report.total();
    }

    @Test
    void who_leaves_is_no_longer_told_and_may_come_back() throws Exception {
        var a = node();
        var b = node();
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var theirs = b.gossip.join(TOPIC, TopicConfig.defaults());
        awaitPeers(ours, 1);

        theirs.leave();
        awaitPeers(ours, 0);
        assertThat(ours.publish(HELLO)).isZero();
        var inbox = inbox(b.gossip.join(TOPIC, TopicConfig.defaults()));
        awaitPeers(ours, 1);
        ours.publish(HELLO);

        assertThat(next(inbox).data()).isEqualTo(HELLO);
    }

    @Test
    void after_a_reconnect_the_topics_are_known_again() throws Exception {
        var a = node();
        var b = node();
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var inbox = inbox(b.gossip.join(TOPIC, TopicConfig.defaults()));
        awaitPeers(ours, 1);

        a.host.disconnect(b.host.id());
        awaitPeers(ours, 0);
        Eventually.until("b noticed", () -> b.host.connections().isEmpty());
        connect(b, a);
        awaitPeers(ours, 1);
        ours.publish(HELLO);

        assertThat(next(inbox).data()).isEqualTo(HELLO);
    }

    @Test
    void a_node_without_gossip_is_left_alone() throws Exception {
        var a = node();
        var b = node();
        b.gossip.close();
        connect(a, b);
        var c = node();
        connect(a, c);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        c.gossip.join(TOPIC, TopicConfig.defaults());

        awaitPeers(ours, 1);

        assertThat(a.gossip.scores()).containsOnlyKeys(c.host.id());
    }

    @Test
    void a_second_stream_of_a_peer_ends_the_first() throws Exception {
        var a = node();
        var stranger = stranger();
        stranger.connect(a.host.info());
        var first = stranger.open(a.host.id(), Dialect.protocols());
        first.writeMessage(hello("one"));
        Eventually.until("the first is read", () -> a.gossip.peers("one").size() == 1);

        var second = stranger.open(a.host.id(), Dialect.protocols());
        second.writeMessage(hello("two"));

        Eventually.until("the second is read", () -> a.gossip.peers("two").size() == 1);
        assertThatThrownBy(() -> first.readMessage(1)).isInstanceOf(StreamResetException.class);
    }

    /** A host that takes gossip and says nothing by itself. */
    private Host stranger() throws IOException, InterruptedException {
        var node = node();
        node.gossip.close();
        for (var protocol : Dialect.protocols()) {
            node.host.handle(
                    protocol,
                    stream -> {
                        while (stream.nextMessage(1 << 20).isPresent()) {
                            // of no interest
                        }
                    });
        }
        return node.host;
    }

    private static ByteString hello(String topic) {
        return new RpcCodec(SignaturePolicy.STRICT_SIGN, GossipLimits.defaults())
                .encode(Rpc.of(new Rpc.Interest(topic, true)));
    }

    @Test
    void garbage_costs_standing_and_an_overlong_rpc_the_stream() throws Exception {
        var a = node();
        var stranger = stranger();
        stranger.connect(a.host.info());
        var stream = stranger.open(a.host.id(), Dialect.protocols());

        stream.writeMessage(ByteString.copyFromUtf8("garbage"));
        Eventually.until(
                "the score is lower",
                () -> a.gossip.scores().values().stream().anyMatch(it -> it.breaches() > 0));
        stream.writeMessage(hello("other"));
        Eventually.until("the stream goes on", () -> a.gossip.peers("other").size() == 1);

        stream.write(MemorySegment.ofArray(new byte[] {(byte) 0x81, (byte) 0x80, 0x40}));
        assertThatThrownBy(() -> stream.readMessage(1)).isInstanceOf(StreamResetException.class);
    }

    @Test
    void a_slow_subscriber_holds_nobody_up() throws Exception {
        var a = node();
        var b = node();
        connect(a, b);
        var ours = a.gossip.join(TOPIC, TopicConfig.defaults());
        var theirs = b.gossip.join(TOPIC, TopicConfig.defaults());
        var release = new CountDownLatch(1);
        theirs.subscribe(message -> {
            try {
                release.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        var inbox = inbox(theirs);
        awaitPeers(ours, 1);

        ours.publish(HELLO);
        ours.publish(ByteString.copyFromUtf8("second"));

        assertThat(List.of(next(inbox).data(), next(inbox).data()))
                .containsExactlyInAnyOrder(HELLO, ByteString.copyFromUtf8("second"));
        release.countDown();
    }

    @Test
    void a_topic_is_joined_once_and_has_a_name_of_some_length() throws Exception {
        var a = node();
        a.gossip.join(TOPIC, TopicConfig.defaults());

        assertThatThrownBy(() -> a.gossip.join(TOPIC, TopicConfig.defaults()))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> a.gossip.join("x".repeat(257), TopicConfig.defaults()))
                .hasMessageContaining("topic of 257 bytes, limit 256");
        a.gossip.join("x".repeat(256), TopicConfig.defaults()).leave();
        assertThat(Map.copyOf(a.gossip.scores())).isEmpty();
    }

    @Test
    void another_key_than_the_hosts_is_refused() throws Exception {
        var a = node();

        assertThatThrownBy(() -> Gossip.start(a.host, KeyPair.generate(), GossipConfig.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not the key of");
    }
}
