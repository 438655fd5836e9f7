package tensorlink.node;

import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Whether a worker computes each stage in a process of its own. */
public enum Isolation {
    /**
     * Where strangers may send work. In a network with a key everybody was let in by a member, and
     * at loopback there is nobody but this machine: there a stage need not pay for a process.
     */
    AUTO,
    PROCESS,
    NONE;

    boolean isolates(Network network, List<Multiaddr> listen) {
        return switch (this) {
            case AUTO ->
                    network.key().isEmpty() && !listen.stream().allMatch(Multiaddr::isLoopback);
            case PROCESS -> true;
            case NONE -> false;
        };
    }
}
