package tensorlink.testnet.sim.gossip;

import java.util.SplittableRandom;
import tensorlink.p2p.gossip.Rpc;
import tensorlink.p2p.peer.PeerId;

/** Links that delay what they carry, keep its order as streams do, and lose some of it. */
final class Wires {
    /** Of a production message: the author's peer id and a sequence number. */
    private static final int ID_BYTES = 46;

    /** Tag and length of a field. */
    private static final int FIELD_BYTES = 2;

    private final GossipScenario.Network network;
    private final EventQueue events;
    private final SplittableRandom random;
    private long controlBytes;

    Wires(GossipScenario.Network network, EventQueue events, SplittableRandom random) {
        this.network = network;
        this.events = events;
        this.random = random;
    }

    /** Links two nodes, unless they are the same or linked already. */
    void connect(Node dialler, Node listener) {
        if (dialler == listener || dialler.link(listener.id()) != null) {
            return;
        }
        long mean = network.latency().toNanos();
        long latency = mean / 2 + random.nextLong(mean);
        dialler.links().put(listener.id(), new Node.Link(listener, latency));
        listener.links().put(dialler.id(), new Node.Link(dialler, latency));
        dialler.linked(listener, true);
        listener.linked(dialler, false);
    }

    /** Sends {@code rpc} over the link to {@code peer}; without effect when there is none. */
    void send(Node from, PeerId peer, Rpc rpc) {
        var link = from.link(peer);
        if (link == null) {
            return;
        }
        if (from instanceof HonestNode) {
            controlBytes += controlBytes(rpc);
        }
        if (!link.to.minds(rpc) || (isLossy(rpc) && random.nextDouble() < network.loss())) {
            return;
        }
        long jitter = random.nextLong(1 + link.latency / 10);
        link.busyUntil = Math.max(link.busyUntil, events.now() + link.latency + jitter);
        events.at(link.busyUntil, () -> link.to.receive(from, rpc));
    }

    private boolean isLossy(Rpc rpc) {
        return network.loss() > 0
                && rpc.interests().isEmpty()
                && rpc.grafts().isEmpty()
                && rpc.prunes().isEmpty();
    }

    /** What honest nodes sent beside messages, as long as it would be in protobuf. */
    long controlBytes() {
        return controlBytes;
    }

    private static long controlBytes(Rpc rpc) {
        long bytes = 0;
        for (var interest : rpc.interests()) {
            bytes += 3 * FIELD_BYTES + interest.topic().length();
        }
        for (var have : rpc.haves()) {
            bytes += 2 * FIELD_BYTES + have.topic().length() + ids(have.ids().size());
        }
        for (var topic : rpc.grafts()) {
            bytes += 2 * FIELD_BYTES + topic.length();
        }
        for (var prune : rpc.prunes()) {
            bytes += 3 * FIELD_BYTES + prune.topic().length();
        }
        return bytes + ids(rpc.wants().size()) + ids(rpc.dontWants().size());
    }

    private static long ids(int count) {
        return (long) count * (FIELD_BYTES + ID_BYTES);
    }
}
