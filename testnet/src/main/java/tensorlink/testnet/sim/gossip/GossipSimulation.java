package tensorlink.testnet.sim.gossip;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.gossip.Action;
import tensorlink.p2p.gossip.Arrival;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.gossip.Dialect;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.GossipMessage;
import tensorlink.p2p.gossip.GossipRouter;
import tensorlink.p2p.gossip.Rpc;
import tensorlink.p2p.gossip.ScoreConfig;
import tensorlink.p2p.gossip.SignaturePolicy;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.gossip.TopicScore;
import tensorlink.p2p.peer.PeerId;
import tensorlink.testnet.sim.gossip.GossipScenario.Attack;

/**
 * Runs {@link GossipScenario}s: every honest node is a production {@link GossipRouter}; links delay
 * what they carry and keep its order, as streams do.
 *
 * <p>A message is 2 KiB of which the first 8 bytes are its number; number 0 and below are
 * forgeries, which honest nodes find out after the time that a verification takes.
 */
public final class GossipSimulation {
    private static final String TOPIC = "simulated";
    private static final int MESSAGE_BYTES = 2048;
    private static final int ID_BYTES = 8;
    private static final long JUDGING = Duration.ofMillis(1).toNanos();
    private static final long HEARTBEAT = Duration.ofSeconds(1).toNanos();

    private static final int BEATS_BETWEEN_GRAFTS = 62;

    /** Deliveries may take so long after the last message was published. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final GossipScenario scenario;
    private final SplittableRandom random;
    private final EventQueue events = new EventQueue();
    private final GossipConfig config =
            GossipConfig.defaults().withSignatures(SignaturePolicy.STRICT_NO_SIGN);
    private final List<Node> nodes = new ArrayList<>();
    private final Map<PeerId, Node> byId = new HashMap<>();
    private final long attackAt;

    private final List<Long> publishedAt = new ArrayList<>();
    private final List<Boolean> counts = new ArrayList<>();
    private long[] delays = new long[1 << 16];
    private int delayCount;
    private long copies;
    private long delivered;
    private long twice;
    private long forged;
    private long traceHash = 0xcbf29ce484222325L;

    private GossipSimulation(GossipScenario scenario) {
        this.scenario = scenario;
        this.random = new SplittableRandom(scenario.seed());
        this.attackAt = scenario.warmUp().toNanos();
    }

    /** Runs {@code scenario} to its end. */
    public static GossipReport run(GossipScenario scenario) {
        return new GossipSimulation(scenario).run();
    }

    private GossipReport run() {
        build();
        connect();
        for (var node : nodes) {
            long first = random.nextLong(HEARTBEAT);
            events.at(first, () -> beat(node));
        }
        long interval = Duration.ofSeconds(1).toNanos() / scenario.messagesPerSecond();
        long end = attackAt + scenario.duration().toNanos();
        for (long at = Duration.ofSeconds(1).toNanos(); at < end; at += interval) {
            boolean isCounted = at >= attackAt;
            events.at(at, () -> publish(isCounted));
        }
        events.runUntil(end + GRACE.toNanos());
        return report();
    }

    // The network.

    private void build() {
        for (int i = 0; i < scenario.honest() + scenario.sybils(); i++) {
            boolean isHonest = i < scenario.honest();
            int host = isHonest ? i : (i - scenario.honest()) / scenario.sybilsPerAddress();
            boolean hasRouter = isHonest || scenario.attack() == Attack.COVERT_SILENCE;
            var node = new Node(i, isHonest, (isHonest ? "honest " : "hostile ") + host, hasRouter);
            nodes.add(node);
            byId.put(node.id, node);
        }
        var topic =
                TopicConfig.defaults()
                        .withId(message -> message.data().substring(0, ID_BYTES))
                        .withScore(
                                TopicScore.defaults()
                                        .expecting(
                                                scenario.messagesPerSecond(),
                                                scenario.latency().multipliedBy(8),
                                                ScoreConfig.defaults()));
        for (var node : nodes) {
            if (node.router != null) {
                perform(node, node.router.join(TOPIC, topic, 0));
            }
        }
    }

    private void connect() {
        for (var node : nodes) {
            int dials = node.isHonest ? scenario.dials() : scenario.sybilDials();
            for (int i = 0; i < Math.min(dials, scenario.honest() - 1); i++) {
                var other = nodes.get(random.nextInt(scenario.honest()));
                if (other != node && !node.links.containsKey(other.id)) {
                    link(node, other);
                }
            }
        }
    }

    private void link(Node dialler, Node listener) {
        long mean = scenario.latency().toNanos();
        long latency = mean / 2 + random.nextLong(mean);
        dialler.links.put(listener.id, new Link(listener, latency));
        listener.links.put(dialler.id, new Link(dialler, latency));
        introduce(dialler, listener, true);
        introduce(listener, dialler, false);
    }

    private void introduce(Node node, Node other, boolean isOutbound) {
        if (node.router != null) {
            perform(node, node.router.connected(other.id, Dialect.V1_2, isOutbound, other.address));
        } else {
            send(node, other.id, Rpc.of(new Rpc.Interest(TOPIC, true)));
        }
    }

    private void send(Node from, PeerId to, Rpc rpc) {
        var link = from.links.get(to);
        if (link == null) {
            return;
        }
        boolean isControl =
                !rpc.interests().isEmpty() || !rpc.grafts().isEmpty() || !rpc.prunes().isEmpty();
        if (!isControl && scenario.loss() > 0 && random.nextDouble() < scenario.loss()) {
            return;
        }
        long jitter = random.nextLong(1 + link.latency / 10);
        link.busyUntil = Math.max(link.busyUntil, events.now() + link.latency + jitter);
        events.at(link.busyUntil, () -> receive(link.to, from, rpc));
    }

    private void receive(Node node, Node from, Rpc rpc) {
        if (node.isHonest) {
            copies += rpc.messages().size();
        }
        if (node.router != null) {
            perform(node, node.router.received(from.id, rpc, events.now()));
        }
    }

    // Nodes.

    private void beat(Node node) {
        events.at(events.now() + HEARTBEAT, () -> beat(node));
        if (node.router != null) {
            perform(node, node.router.heartbeat(events.now()));
        }
        if (!node.isHonest) {
            attack(node);
        }
    }

    private void perform(Node node, List<Action> actions) {
        boolean isSilent =
                !node.isHonest
                        && scenario.attack() == Attack.COVERT_SILENCE
                        && events.now() >= attackAt;
        for (var action : actions) {
            switch (action) {
                case Action.Send(PeerId peer, Rpc rpc, boolean _) ->
                        send(node, peer, isSilent ? withoutMessages(rpc) : rpc);
                case Action.Judge(Arrival arrival) ->
                        events.at(events.now() + JUDGING, () -> judge(node, arrival));
                case Action.Deliver(GossipMessage message) -> deliver(node, message);
                case Action.Connect _ -> {
                    // The topology is given.
                }
            }
        }
    }

    private static Rpc withoutMessages(Rpc rpc) {
        return new Rpc(
                rpc.interests(),
                List.of(),
                List.of(),
                List.of(),
                rpc.grafts(),
                rpc.prunes(),
                List.of());
    }

    private void judge(Node node, Arrival arrival) {
        if (node.router != null) {
            var outcome = number(arrival.message()) > 0 ? Outcome.ACCEPTED : Outcome.FORGED;
            perform(node, node.router.judged(arrival, outcome, events.now()));
        }
    }

    // Messages.

    private void publish(boolean isCounted) {
        var node = nodes.get(random.nextInt(scenario.publishers()));
        publishedAt.add(events.now());
        counts.add(isCounted);
        int number = publishedAt.size();
        node.seen.set(number);
        if (node.router != null) {
            perform(node, node.router.publish(message(number), events.now()));
        }
    }

    private static GossipMessage message(long number) {
        var data = ByteBuffer.allocate(MESSAGE_BYTES).putLong(number).rewind();
        return GossipMessage.unsigned(TOPIC, ByteString.copyFrom(data));
    }

    private static long number(GossipMessage message) {
        return message.data().asReadOnlyByteBuffer().getLong();
    }

    private void deliver(Node node, GossipMessage message) {
        if (!node.isHonest) {
            return;
        }
        int number = Math.toIntExact(number(message));
        long delay = events.now() - publishedAt.get(number - 1);
        trace(events.now());
        trace(node.number);
        trace(number);
        delivered++;
        if (node.seen.get(number)) {
            twice++;
        } else if (counts.get(number - 1)) {
            if (delayCount == delays.length) {
                delays = Arrays.copyOf(delays, 2 * delayCount);
            }
            delays[delayCount++] = delay;
        }
        node.seen.set(number);
    }

    private void trace(long value) {
        traceHash = (traceHash ^ value) * 0x100000001b3L;
    }

    // Hostile nodes.

    private void attack(Node node) {
        switch (scenario.attack()) {
            case NONE, COVERT_SILENCE -> {
                // Only the filter in perform.
            }
            case SILENCE -> graftNowAndThen(node);
            case SPAM -> {
                if (events.now() >= attackAt) {
                    graftAll(node);
                    offerAll(node);
                }
            }
            case FORGERY -> {
                graftNowAndThen(node);
                if (events.now() >= attackAt) {
                    forgeAll(node);
                }
            }
        }
    }

    /** As often as back-off allows, so that nothing but its silence speaks against the node. */
    private void graftNowAndThen(Node node) {
        if (node.beats++ % BEATS_BETWEEN_GRAFTS == 0) {
            graftAll(node);
        }
    }

    private void graftAll(Node node) {
        for (var peer : node.links.keySet()) {
            send(node, peer, Rpc.grafting(TOPIC));
        }
    }

    private void offerAll(Node node) {
        var ids = new ArrayList<ByteString>();
        for (int i = 0; i < 20; i++) {
            ids.add(message(- ++forged).data().substring(0, ID_BYTES));
        }
        for (var peer : node.links.keySet()) {
            send(node, peer, Rpc.of(new Rpc.Have(TOPIC, ids)));
        }
    }

    private void forgeAll(Node node) {
        var message = message(- ++forged);
        for (var peer : node.links.keySet()) {
            send(node, peer, Rpc.of(message));
        }
    }

    // The result.

    private GossipReport report() {
        int counted = 0;
        for (boolean isCounted : counts) {
            counted += isCounted ? 1 : 0;
        }
        int meshMin = Integer.MAX_VALUE;
        int meshMax = 0;
        long sybilsInMesh = 0;
        for (var node : nodes) {
            if (node.isHonest && node.router != null) {
                int honest = 0;
                for (var peer : node.router.mesh(TOPIC)) {
                    var member = byId.get(peer);
                    boolean isHonest = member != null && member.isHonest;
                    honest += isHonest ? 1 : 0;
                    sybilsInMesh += isHonest ? 0 : 1;
                }
                meshMin = Math.min(meshMin, honest);
                meshMax = Math.max(meshMax, honest);
            }
        }
        Arrays.sort(delays, 0, delayCount);
        long expected = (long) counted * (scenario.honest() - 1);
        return new GossipReport(
                counted,
                (double) delayCount / expected,
                percentile(50),
                percentile(99),
                percentile(100),
                (double) copies / Math.max(1, delivered),
                twice,
                meshMin,
                meshMax,
                (double) sybilsInMesh / scenario.honest(),
                events.count(),
                traceHash);
    }

    private Duration percentile(int percent) {
        int at = (int) ((long) delayCount * percent / 100);
        return delayCount == 0
                ? Duration.ZERO
                : Duration.ofNanos(delays[Math.min(at, delayCount - 1)]);
    }

    private final class Node {
        final int number;
        final PeerId id;
        final boolean isHonest;
        final String address;
        final @Nullable GossipRouter router;
        final Map<PeerId, Link> links = new LinkedHashMap<>();
        final BitSet seen = new BitSet();
        int beats;

        Node(int number, boolean isHonest, String address, boolean hasRouter) {
            this.number = number;
            this.isHonest = isHonest;
            this.address = address;
            var multihash = ByteBuffer.allocate(34).put((byte) 0x12).put((byte) 32);
            multihash.putInt(number).rewind();
            this.id = new PeerId(ByteString.copyFrom(multihash));
            this.router =
                    hasRouter
                            ? new GossipRouter(id, config, peer -> ByteString.EMPTY, random.split())
                            : null;
        }
    }

    private static final class Link {
        final Node to;
        final long latency;
        long busyUntil;

        Link(Node to, long latency) {
            this.to = to;
            this.latency = latency;
        }
    }
}
