package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** A router with a clock that the test moves, and peers that the test plays. */
final class Cast {
    static final String TOPIC = "topic";
    private static final Map<Integer, PeerId> PEERS = new ConcurrentHashMap<>();

    final GossipConfig config;
    final GossipRouter router;
    long now;

    Cast(GossipConfig config) {
        this.config = config;
        this.router =
                new GossipRouter(
                        peer(0),
                        config,
                        peer -> ByteString.copyFromUtf8("record"),
                        new SplittableRandom(1));
    }

    static GossipConfig unsigned() {
        return GossipConfig.defaults().withSignatures(SignaturePolicy.STRICT_NO_SIGN);
    }

    static KeyPair key(int number) {
        return KeyPair.ofSeed(ByteString.copyFrom(ByteBuffer.allocate(32).putInt(number).rewind()));
    }

    static PeerId peer(int number) {
        return PEERS.computeIfAbsent(number, it -> key(it).peerId());
    }

    static GossipMessage message(String text) {
        return GossipMessage.unsigned(TOPIC, ByteString.copyFromUtf8(text));
    }

    static ByteString id(GossipMessage message) {
        return MessageId.byContent().of(message);
    }

    /** Peers {@code from} to {@code to}, both included, that have joined the topic. */
    Cast with(int from, int to) {
        for (int i = from; i <= to; i++) {
            connect(i, Dialect.V1_2, false, "");
        }
        return this;
    }

    void connect(int number, Dialect dialect, boolean isOutbound, String address) {
        router.connected(peer(number), dialect, isOutbound, address);
        receive(number, Rpc.of(new Rpc.Interest(TOPIC, true)));
    }

    Cast joined() {
        router.join(TOPIC, TopicConfig.defaults(), now);
        return this;
    }

    Cast joined(TopicScore score) {
        router.join(TOPIC, TopicConfig.defaults().withScore(score), now);
        return this;
    }

    List<Action> receive(int from, Rpc rpc) {
        return router.received(peer(from), rpc, now);
    }

    /** {@code from} brings a message and it turns out right. */
    List<Action> bring(int from, GossipMessage message) {
        return bring(from, message, Outcome.ACCEPTED);
    }

    List<Action> bring(int from, GossipMessage message, Outcome outcome) {
        var actions = new ArrayList<Action>();
        for (var action : receive(from, Rpc.of(message))) {
            if (action instanceof Action.Judge(Arrival arrival)) {
                actions.addAll(router.judged(arrival, outcome, now));
            } else {
                actions.add(action);
            }
        }
        return actions;
    }

    void pass(Duration time) {
        now += time.toNanos();
    }

    List<Action> beat() {
        pass(config.mesh().heartbeat());
        return router.heartbeat(now);
    }

    /** As many heartbeats as fit into {@code time}. */
    void beatFor(Duration time) {
        for (long i = time.dividedBy(config.mesh().heartbeat()); i > 0; i--) {
            beat();
        }
    }

    double score(int peer) {
        var report = router.scores().get(peer(peer));
        return report == null ? 0 : report.total();
    }

    ScoreReport report(int peer) {
        return router.scores().getOrDefault(peer(peer), new ScoreReport(0, Map.of(), 0, 0, 0));
    }

    ScoreReport.OnTopic onTopic(int peer) {
        return report(peer)
                .topics()
                .getOrDefault(TOPIC, new ScoreReport.OnTopic(0, 0, 0, 0, 0, 0, 0));
    }

    static List<PeerId> receivers(List<Action> actions, GossipMessage message) {
        var receivers = new ArrayList<PeerId>();
        for (var action : actions) {
            if (action instanceof Action.Send send && send.rpc().messages().contains(message)) {
                receivers.add(send.peer());
            }
        }
        return receivers;
    }

    static List<GossipMessage> delivered(List<Action> actions) {
        var delivered = new ArrayList<GossipMessage>();
        for (var action : actions) {
            if (action instanceof Action.Deliver(GossipMessage message)) {
                delivered.add(message);
            }
        }
        return delivered;
    }

    /** What {@code actions} send to one peer. */
    static List<Rpc> to(int peer, List<Action> actions) {
        var rpcs = new ArrayList<Rpc>();
        for (var action : actions) {
            if (action instanceof Action.Send send && send.peer().equals(peer(peer))) {
                rpcs.add(send.rpc());
            }
        }
        return rpcs;
    }

    static List<Rpc.Prune> prunes(int peer, List<Action> actions) {
        var prunes = new ArrayList<Rpc.Prune>();
        for (var rpc : to(peer, actions)) {
            prunes.addAll(rpc.prunes());
        }
        return prunes;
    }
}
