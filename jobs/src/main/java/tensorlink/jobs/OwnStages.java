package tensorlink.jobs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.worker.OwnNode;
import tensorlink.p2p.peer.PeerId;

/** The nodes that keep the ends of one job's model here, until the job is over. */
final class OwnStages implements AutoCloseable {
    private final Party user;
    private final List<OwnNode> nodes = new CopyOnWriteArrayList<>();

    OwnStages(Party user) {
        this.user = user;
    }

    /** Starts a node for each of {@code ranges}; {@link #close} ends those that have started. */
    List<OwnStage> start(List<LayerRange> ranges, OwnNode.Starter starter)
            throws IOException, InterruptedException {
        var stages = new ArrayList<OwnStage>();
        for (var range : ranges) {
            var node = starter.start(user.id());
            user.host().peers().add(node.info());
            for (var other : nodes) {
                other.know(node.info());
                node.know(other.info());
            }
            nodes.add(node);
            stages.add(new OwnStage(node.info().id(), range));
        }
        return stages;
    }

    List<OwnNode> nodes() {
        return nodes;
    }

    boolean holds(PeerId worker) {
        return nodes.stream().anyMatch(node -> node.info().id().equals(worker));
    }

    @Override
    public void close() {
        nodes.forEach(OwnNode::close);
    }
}
