package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.MessageId;
import tensorlink.p2p.gossip.SignaturePolicy;
import tensorlink.p2p.gossip.Topic;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.wire.GossipPublication;
import tensorlink.p2p.wire.GossipRpc;
import tensorlink.p2p.wire.GossipSubscription;

/** Gossip between js-libp2p and us. */
@Tag("interop")
@Timeout(180)
class JsGossipTest {
    private static final String TOPIC = "mixed";
    private static final ProtocolId PROTOCOL = ProtocolId.of("/meshsub/1.1.0");
    private static final int MESSAGE_BYTES = 1024;

    private final List<Node> nodes = new ArrayList<>();
    private final List<JsPeer> scripts = new ArrayList<>();

    private record Node(Host host, Gossip gossip, Topic topic, Map<String, Integer> received) {}

    @AfterEach
    void stop() throws Exception {
        for (var node : nodes) {
            node.gossip.close();
            node.host.close();
        }
        for (var script : scripts) {
            script.stop();
        }
    }

    private Node node(GossipConfig config, TopicConfig topicConfig) throws Exception {
        var key = KeyPair.generate();
        var host = Libp2p.start(key, HostConfig.defaults().withEventLoops(1));
        var gossip = Gossip.start(host, key, config);
        var topic = gossip.join(TOPIC, topicConfig);
        var received = new ConcurrentHashMap<String, Integer>();
        topic.subscribe(message -> received.merge(text(message.data()), 1, Integer::sum));
        var node = new Node(host, gossip, topic, received);
        nodes.add(node);
        return node;
    }

    private static String text(ByteString data) {
        return data.substring(0, Math.min(64, data.size())).toStringUtf8().strip();
    }

    private static ByteString data(String text, int size) {
        return ByteString.copyFromUtf8(text + " ".repeat(Math.max(0, size - text.length())));
    }

    private JsPeer js(int count, boolean isSigned, String ids) throws Exception {
        var script =
                JsPeer.start(
                        "gossip.mjs",
                        "{\"nodes\":%d,\"signed\":%s,\"topic\":\"%s\",\"ids\":\"%s\"}"
                                .formatted(count, isSigned, TOPIC, ids));
        scripts.add(script);
        return script;
    }

    private static void until(String what, Check condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            assertThat(System.nanoTime() - start).as(what).isLessThan(TimeUnit.SECONDS.toNanos(60));
            LockSupport.parkNanos(20_000_000);
        }
    }

    @FunctionalInterface
    private interface Check {
        boolean holds() throws IOException, InterruptedException;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ten_of_us_and_ten_of_js_lose_none_of_a_thousand_messages_and_get_none_twice(
            boolean isSigned) throws Exception {
        int count = 10;
        int perNode = 50;
        var config =
                GossipConfig.defaults()
                        .withSignatures(
                                isSigned
                                        ? SignaturePolicy.STRICT_SIGN
                                        : SignaturePolicy.STRICT_NO_SIGN);
        var js = js(count, isSigned, "");
        var addresses = js.ask("addresses").split(",", -1);
        for (int i = 0; i < count; i++) {
            node(config, TopicConfig.defaults());
        }
        for (int i = 0; i < count; i++) {
            var next = nodes.get((i + 1) % count).host;
            nodes.get(i).host.connect(next.info());
            nodes.get(i).host.connect(nodes.get((i + 3) % count).host.info());
            js.ask("dial", i, JsPeer.full(nodes.get(i).host.info()));
            js.ask("dial", i, JsPeer.full(nodes.get((i + 4) % count).host.info()));
            js.ask("dial", i, addresses[(i + 1) % count]);
            js.ask("dial", i, addresses[(i + 3) % count]);
        }
        for (int i = 0; i < count; i++) {
            int number = i;
            var topic = nodes.get(i).topic;
            until("our mesh " + i, () -> topic.mesh().size() >= 5 && topic.peers().size() >= 6);
            until("mesh of js " + i, () -> Integer.parseInt(js.ask("mesh", number)) >= 4);
        }

        for (int k = 0; k < perNode; k++) {
            for (int i = 0; i < count; i++) {
                nodes.get(i).topic.publish(data("java " + i + " " + k, MESSAGE_BYTES));
                js.ask("publish", i, "js " + i + " " + k, MESSAGE_BYTES);
            }
        }

        int expected = 2 * count * perNode - perNode;
        for (int i = 0; i < count; i++) {
            int number = i;
            var received = nodes.get(i).received;
            until("all messages at our node " + i, () -> received.size() == expected);
            assertThat(received.values()).as("our node %d", i).allMatch(times -> times == 1);
            until(
                    "all messages at js node " + i,
                    () -> js.ask("received", number).equals(expected + " 0"));
            for (var report : nodes.get(i).gossip.scores().values()) {
                assertThat(report.breaches()).isZero();
            }
        }
    }

    @Test
    void ids_as_js_makes_them_by_default_can_be_used() throws Exception {
        var js = js(1, true, "default");
        var node =
                node(
                        GossipConfig.defaults(),
                        TopicConfig.defaults().withId(MessageId.byAuthorKey()));
        js.ask("dial", 0, JsPeer.full(node.host.info()));
        until("js is there", () -> node.topic.peers().size() == 1);
        until("we are there", () -> js.ask("peers", 0).equals("1"));

        node.topic.publish(data("from java", 0));
        js.ask("publish", 0, "from js");

        until("js has ours", () -> js.ask("has", 0, "from java").equals("true"));
        until("we have theirs", () -> node.received.containsKey("from js"));
    }

    @Test
    void messages_of_900_kib_cross_between_js_and_us() throws Exception {
        var js = js(1, true, "");
        var node = node(GossipConfig.defaults(), TopicConfig.defaults());
        js.ask("dial", 0, JsPeer.full(node.host.info()));
        until("js is there", () -> node.topic.peers().size() == 1);
        until("we are there", () -> js.ask("peers", 0).equals("1"));

        node.topic.publish(data("from java", 900 << 10));
        js.ask("publish", 0, "from js", 900 << 10);

        until("js has ours", () -> js.ask("has", 0, "from java").equals("true"));
        until("we have theirs", () -> node.received.containsKey("from js"));
    }

    @Test
    void a_message_with_a_false_signature_is_delivered_by_neither() throws Exception {
        var js = js(1, true, "");
        var node = node(GossipConfig.defaults(), TopicConfig.defaults());
        var stranger = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
        stranger.handle(
                PROTOCOL,
                stream -> {
                    while (stream.nextMessage(1 << 20).isPresent()) {
                        // of no interest
                    }
                });
        try (stranger) {
            for (var target : List.of(node.host.info(), js.info())) {
                stranger.connect(target);
                var stream = stranger.open(target.id(), PROTOCOL);
                stream.writeMessage(rpc(forged(stranger, 1, "forged"), stranger));
            }
            until(
                    "we blame the stranger",
                    () -> node.gossip.scores().values().stream().anyMatch(it -> it.total() < 0));
            js.ask("dial", 0, JsPeer.full(node.host.info()));
            until("js is there", () -> node.topic.peers().contains(js.info().id()));

            node.topic.publish(data("genuine", 0));
            until("js has ours", () -> js.ask("has", 0, "genuine").equals("true"));

            assertThat(js.ask("has", 0, "forged")).isEqualTo("false");
            assertThat(node.received).doesNotContainKey("forged");
        }
    }

    private static GossipPublication forged(Host author, int sequence, String text) {
        return GossipPublication.newBuilder()
                .setFrom(author.id().multihash())
                .setSeqno(ByteString.copyFrom(new byte[] {0, 0, 0, 0, 0, 0, 0, (byte) sequence}))
                .setTopic(ByteString.copyFromUtf8(TOPIC))
                .setData(data(text, 0))
                .setSignature(ByteString.copyFrom(new byte[64]))
                .build();
    }

    private static ByteString rpc(GossipPublication message, Host sender) {
        assertThat(message.getFrom()).isEqualTo(sender.id().multihash());
        return GossipRpc.newBuilder()
                .addSubscriptions(
                        GossipSubscription.newBuilder()
                                .setSubscribe(true)
                                .setTopic(ByteString.copyFromUtf8(TOPIC)))
                .addPublish(message.toByteString())
                .build()
                .toByteString();
    }
}
