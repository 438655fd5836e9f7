package tensorlink.p2p;

import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerStore;

/**
 * How a host is set up.
 *
 * @param listen where to listen; may be empty. The default is any free port of the loopback
 *     interface: who wants to be reached says so.
 * @param protocolVersion the family of networks it belongs to, told by identify
 * @param agentVersion name and version of the program, told by identify
 * @param peerBounds how much to remember of other peers
 * @param memory the network for {@code /memory} addresses; without one there are none
 * @param eventLoops threads for all sockets
 */
public record HostConfig(
        List<Multiaddr> listen,
        String protocolVersion,
        String agentVersion,
        Limits limits,
        PeerStore.Bounds peerBounds,
        Optional<MemoryNetwork> memory,
        int eventLoops,
        Scheduler scheduler) {

    public HostConfig {
        listen = List.copyOf(listen);
        if (eventLoops < 1) {
            throw new IllegalArgumentException(eventLoops + " event loops");
        }
    }

    public static HostConfig defaults() {
        return new HostConfig(
                List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0")),
                "tensorlink/1.0.0",
                "tensorlink-jvm",
                Limits.defaults(),
                PeerStore.Bounds.defaults(),
                Optional.empty(),
                Runtime.getRuntime().availableProcessors(),
                Scheduler.system());
    }

    /** Listens at {@code addresses} and nowhere else; at none, when there are none. */
    public HostConfig withListen(Multiaddr... addresses) {
        return new HostConfig(
                List.of(addresses),
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                eventLoops,
                scheduler);
    }

    public HostConfig withAgentVersion(String changed) {
        return new HostConfig(
                listen,
                protocolVersion,
                changed,
                limits,
                peerBounds,
                memory,
                eventLoops,
                scheduler);
    }

    public HostConfig withLimits(Limits changed) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                changed,
                peerBounds,
                memory,
                eventLoops,
                scheduler);
    }

    public HostConfig withMemory(MemoryNetwork network) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                Optional.of(network),
                eventLoops,
                scheduler);
    }

    public HostConfig withEventLoops(int threads) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                threads,
                scheduler);
    }

    public HostConfig withScheduler(Scheduler changed) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                eventLoops,
                changed);
    }
}
