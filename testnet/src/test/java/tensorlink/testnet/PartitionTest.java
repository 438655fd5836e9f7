package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.dht.Key;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.Presence;
import tensorlink.node.ValidatorNode;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/** A network that falls apart and comes together again, over real sockets and in hurried time. */
@Timeout(150)
class PartitionTest {
    private static final int HALF = 4;
    private static final int FACTOR = 60;
    private static final Duration POLL = Duration.ofMillis(100);

    private final List<ValidatorNode> open = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        open.reversed().forEach(ValidatorNode::close);
    }

    @Test
    void two_halves_that_may_meet_again_are_one_network_without_a_restart() throws Exception {
        start();
        var one = nodes.subList(0, HALF);
        var other = nodes.subList(HALF, 2 * HALF);
        await("everybody finds everybody", () -> allFind(nodes, nodes));

        for (var here : one) {
            for (var there : other) {
                here.host().control().gater().deny(there.host().id());
                there.host().control().gater().deny(here.host().id());
            }
        }
        await("nobody finds anybody beyond", () -> noneFinds(one, other) && noneFinds(other, one));
        await("each half is whole", () -> allFind(one, one) && allFind(other, other));
        for (var here : one) {
            for (var there : other) {
                here.host().control().gater().undeny(there.host().id());
                there.host().control().gater().undeny(here.host().id());
            }
        }

        await("everybody finds everybody again", () -> allFind(nodes, nodes));
    }

    private void start() throws Exception {
        var presence = Presence.defaults().withScheduler(new HurriedTime(FACTOR));
        var network = Network.named("parts").presence(presence);
        for (int i = 0; i < 2 * HALF; i++) {
            var node =
                    ValidatorNode.start(
                            nodes.isEmpty() ? network : network.via(nodes.getFirst().info()),
                            Home.fresh(),
                            ValidatorNode.Options.free());
            open.add(node);
            nodes.add(node.node());
        }
    }

    private interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private static void await(String what, Condition condition) throws Exception {
        var scheduler = Scheduler.system();
        long begun = scheduler.nanoTime();
        while (!condition.holds()) {
            assertThat(scheduler.nanoTime() - begun)
                    .as(what)
                    .isLessThan(Duration.ofSeconds(45).toNanos());
            scheduler.sleep(POLL);
        }
    }

    private static boolean allFind(List<Node> seekers, List<Node> sought)
            throws InterruptedException {
        for (var seeker : seekers) {
            var expected = ids(sought);
            expected.remove(seeker.host().id());
            if (!found(seeker).containsAll(expected)) {
                return false;
            }
        }
        return true;
    }

    private static boolean noneFinds(List<Node> seekers, List<Node> sought)
            throws InterruptedException {
        for (var seeker : seekers) {
            for (var id : ids(sought)) {
                if (found(seeker).contains(id)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** In a network of fewer than k everybody is among the closest to any key. */
    private static Set<PeerId> found(Node seeker) throws InterruptedException {
        var found = new HashSet<PeerId>();
        for (var peer : seeker.dht().closestPeers(Key.named("any"))) {
            found.add(peer.id());
        }
        return found;
    }

    private static Set<PeerId> ids(List<Node> nodes) {
        var ids = new HashSet<PeerId>();
        nodes.forEach(node -> ids.add(node.host().id()));
        return ids;
    }
}
