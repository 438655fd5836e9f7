package tensorlink.testnet.sim.gossip;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.MeshConfig;
import tensorlink.p2p.gossip.ScoreConfig;
import tensorlink.p2p.gossip.SignaturePolicy;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.gossip.TopicScore;

/**
 * Runs {@link GossipScenario}s: every honest node is a production router with the defaults of
 * production, told of the rate of messages; streams, codecs and signatures are left out. One
 * thread, one source of chance, virtual time.
 */
public final class GossipSimulation {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    /** Dials of one wave spread over this. */
    private static final long DIALLING = SECOND;

    /** Deliveries may take so long after the last message was published. */
    private static final long GRACE = 5 * SECOND;

    private final GossipScenario scenario;
    private final SplittableRandom random;
    private final EventQueue events = new EventQueue();
    private final Wires wires;
    private final Messages messages;
    private final MeshWatch watch;
    private final List<HonestNode> honest = new ArrayList<>();
    private final List<Sybil> sybils = new ArrayList<>();

    private GossipSimulation(GossipScenario scenario) {
        this.scenario = scenario;
        this.random = new SplittableRandom(scenario.seed());
        this.wires = new Wires(scenario.network(), events, random);
        this.messages = new Messages(scenario);
        this.watch =
                new MeshWatch(scenario.network().honest(), scenario.attack().begins().toNanos());
    }

    /** Runs {@code scenario} to its end. */
    public static GossipReport run(GossipScenario scenario) {
        return run(scenario, seconds -> {});
    }

    /**
     * Runs {@code scenario} to its end.
     *
     * @param progress told once in a virtual second which one it is
     */
    public static GossipReport run(GossipScenario scenario, LongConsumer progress) {
        return new GossipSimulation(scenario).run(progress);
    }

    private GossipReport run(LongConsumer progress) {
        build();
        connect();
        for (var node : honest) {
            events.at(random.nextLong(SECOND), () -> beat(node));
        }
        for (var sybil : sybils) {
            events.at(random.nextLong(SECOND), () -> beat(sybil));
        }
        var traffic = scenario.traffic();
        long interval = SECOND / traffic.messagesPerSecond();
        long first = scenario.attack().honestAt().toNanos() + SECOND;
        long end = traffic.end().toNanos();
        for (long at = first; at < end; at += interval) {
            events.at(at, this::publish);
        }
        for (long second = 1; second * SECOND <= end; second++) {
            events.runUntil(second * SECOND);
            progress.accept(second);
        }
        events.runUntil(end + GRACE);
        return report();
    }

    private void build() {
        var network = scenario.network();
        var attack = scenario.attack();
        var surroundings = new Surroundings(events, wires, messages);
        var scores = ScoreConfig.defaults().withAddressThreshold(attack.addressThreshold());
        var config =
                GossipConfig.defaults()
                        .withSignatures(SignaturePolicy.STRICT_NO_SIGN)
                        .withScore(scores)
                        .withMesh(MeshConfig.defaults().withOpportunityTicks(attack.graftTicks()));
        var topic =
                TopicConfig.defaults()
                        .withId(Messages::id)
                        .withScore(
                                TopicScore.defaults()
                                        .expecting(
                                                scenario.traffic().messagesPerSecond(),
                                                network.latency().multipliedBy(8),
                                                scores));
        for (int i = 0; i < network.honest(); i++) {
            honest.add(new HonestNode(i, surroundings, config, topic, random.split()));
        }
        for (int i = 0; i < network.sybils(); i++) {
            int host = i / attack.perAddress();
            sybils.add(new Sybil(network.honest() + i, host, surroundings, attack, random));
        }
    }

    private void connect() {
        var attack = scenario.attack();
        for (var node : honest) {
            dial(node, scenario.network().dials(), honest, attack.honestAt());
        }
        var targets =
                switch (attack.target()) {
                    case FIRST -> honest.subList(0, 1);
                    case PUBLISHERS -> honest.subList(0, scenario.traffic().publishers());
                    case ANYBODY -> honest;
                };
        for (var sybil : sybils) {
            dial(sybil, attack.dials(), targets, attack.sybilsAt());
        }
    }

    private void dial(Node node, int dials, List<HonestNode> targets, Duration at) {
        events.at(
                at.toNanos() + random.nextLong(DIALLING),
                () -> {
                    var chosen = new LinkedHashSet<HonestNode>();
                    while (chosen.size() < Math.min(dials, targets.size())) {
                        chosen.add(targets.get(random.nextInt(targets.size())));
                    }
                    chosen.forEach(other -> wires.connect(node, other));
                });
    }

    private void beat(HonestNode node) {
        events.at(events.now() + SECOND, () -> beat(node));
        node.beat();
        watch.saw(node.number(), node.degree(), node.sybilsInMesh(), events.now());
    }

    private void beat(Sybil sybil) {
        events.at(events.now() + SECOND, () -> beat(sybil));
        sybil.beat();
    }

    private void publish() {
        honest.get(random.nextInt(scenario.traffic().publishers())).publish();
    }

    private GossipReport report() {
        long copies = 0;
        for (var node : honest) {
            copies += node.copies();
        }
        double nodeSeconds = (double) honest.size() * events.now() / SECOND;
        return new GossipReport(
                messages.counted(),
                messages.all(),
                messages.recovered(),
                messages.leastReceived(),
                messages.leastHeard(),
                (double) copies / Math.max(1, messages.delivered()),
                messages.twice(),
                mesh(),
                watch.report(),
                wires.controlBytes() / nodeSeconds,
                Duration.ofNanos(events.now()),
                events.count(),
                messages.traceHash());
    }

    private GossipReport.Mesh mesh() {
        int least = Integer.MAX_VALUE;
        int most = 0;
        int leastHonest = Integer.MAX_VALUE;
        long sum = 0;
        for (var node : honest) {
            int degree = node.degree();
            least = Math.min(least, degree);
            most = Math.max(most, degree);
            leastHonest = Math.min(leastHonest, degree - node.sybilsInMesh());
            sum += degree;
        }
        return new GossipReport.Mesh(least, (double) sum / honest.size(), most, leastHonest);
    }
}
