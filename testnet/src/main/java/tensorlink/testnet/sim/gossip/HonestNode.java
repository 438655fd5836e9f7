package tensorlink.testnet.sim.gossip;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import tensorlink.p2p.gossip.Action;
import tensorlink.p2p.gossip.Arrival;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.gossip.Dialect;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.GossipMessage;
import tensorlink.p2p.gossip.GossipRouter;
import tensorlink.p2p.gossip.Rpc;
import tensorlink.p2p.gossip.TopicConfig;

/** A node that runs the production router, and finds out what is forged after a while. */
final class HonestNode extends Node {
    private static final long JUDGING = Duration.ofMillis(1).toNanos();

    private final EventQueue events;
    private final Wires wires;
    private final Messages messages;
    private final GossipRouter router;
    private final BitSet seen = new BitSet();
    private long copies;

    HonestNode(
            int number,
            Surroundings surroundings,
            GossipConfig config,
            TopicConfig topic,
            RandomGenerator random) {
        super(number, "honest " + number);
        this.events = surroundings.events();
        this.wires = surroundings.wires();
        this.messages = surroundings.messages();
        this.router = new GossipRouter(id(), config, peer -> ByteString.EMPTY, random);
        perform(router.join(Messages.TOPIC, topic, 0));
    }

    @Override
    void linked(Node other, boolean isOutbound) {
        var dialect = other instanceof HonestNode ? Dialect.V1_2 : Dialect.V1_0;
        perform(router.connected(other.id(), dialect, isOutbound, other.address()));
    }

    @Override
    boolean minds(Rpc rpc) {
        return true;
    }

    @Override
    void receive(Node from, Rpc rpc) {
        copies += rpc.messages().size();
        perform(router.received(from.id(), rpc, events.now()));
    }

    void publish() {
        var message = messages.publish(this, events.now());
        perform(router.publish(message, events.now()));
    }

    void beat() {
        perform(router.heartbeat(events.now()));
    }

    private void perform(List<Action> actions) {
        for (var action : actions) {
            switch (action) {
                case Action.Send(var peer, var rpc, boolean _) -> wires.send(this, peer, rpc);
                case Action.Judge(Arrival arrival) ->
                        events.at(events.now() + JUDGING, () -> judge(arrival));
                case Action.Deliver(GossipMessage message) ->
                        messages.delivered(this, message, events.now());
                case Action.Connect _ -> {
                    // The topology is given.
                }
            }
        }
    }

    private void judge(Arrival arrival) {
        var outcome = Messages.isForged(arrival.message()) ? Outcome.FORGED : Outcome.ACCEPTED;
        perform(router.judged(arrival, outcome, events.now()));
    }

    /** Whether message {@code number} had not been delivered here before. */
    boolean isFirst(int number) {
        boolean isFirst = !seen.get(number);
        seen.set(number);
        return isFirst;
    }

    /** How many peers are in the mesh. */
    int degree() {
        return router.mesh(Messages.TOPIC).size();
    }

    /** How many of them are hostile. */
    int sybilsInMesh() {
        int sybils = 0;
        for (var peer : router.mesh(Messages.TOPIC)) {
            var link = link(peer);
            sybils += link != null && link.to instanceof Sybil ? 1 : 0;
        }
        return sybils;
    }

    /** Copies of messages that came. */
    long copies() {
        return copies;
    }
}
