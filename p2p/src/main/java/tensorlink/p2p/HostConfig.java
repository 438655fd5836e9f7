package tensorlink.p2p;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.PreSharedKey;

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
 * @param securities how to secure connections that need it, best first
 * @param webTls for secure WebSockets: the certificate to show and whom to trust. Without one none
 *     is listened at, and whom the JDK trusts is trusted.
 * @param privateNetwork the key of a private network, which then is the only one; QUIC has no place
 *     in it
 */
public record HostConfig(
        List<Multiaddr> listen,
        String protocolVersion,
        String agentVersion,
        Limits limits,
        PeerStore.Bounds peerBounds,
        Optional<MemoryNetwork> memory,
        int eventLoops,
        Scheduler scheduler,
        List<Security> securities,
        Optional<SSLContext> webTls,
        Optional<PreSharedKey> privateNetwork) {

    public HostConfig {
        listen = List.copyOf(listen);
        securities = List.copyOf(securities);
        if (securities.isEmpty() || Set.copyOf(securities).size() < securities.size()) {
            throw new IllegalArgumentException(
                    "securities " + securities + ", expected one or both, each once");
        }
        for (var address : listen) {
            if (privateNetwork.isPresent() && address.has(AddressProtocol.QUIC_V1)) {
                throw new IllegalArgumentException(
                        "cannot listen at " + address + ": QUIC has no place in a private network");
            }
        }
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
                Scheduler.system(),
                List.of(Security.NOISE, Security.TLS),
                Optional.empty(),
                Optional.empty());
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
                scheduler,
                securities,
                webTls,
                privateNetwork);
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
                scheduler,
                securities,
                webTls,
                privateNetwork);
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
                scheduler,
                securities,
                webTls,
                privateNetwork);
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
                scheduler,
                securities,
                webTls,
                privateNetwork);
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
                scheduler,
                securities,
                webTls,
                privateNetwork);
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
                changed,
                securities,
                webTls,
                privateNetwork);
    }

    /** Secures connections in these ways and no other, best first. */
    public HostConfig withSecurities(Security... changed) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                eventLoops,
                scheduler,
                List.of(changed),
                webTls,
                privateNetwork);
    }

    public HostConfig withWebTls(SSLContext changed) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                eventLoops,
                scheduler,
                securities,
                Optional.of(changed),
                privateNetwork);
    }

    /** Speaks only with those who have {@code key}. */
    public HostConfig withPrivateNetwork(PreSharedKey key) {
        return new HostConfig(
                listen,
                protocolVersion,
                agentVersion,
                limits,
                peerBounds,
                memory,
                eventLoops,
                scheduler,
                securities,
                webTls,
                Optional.of(key));
    }

    /** A way to prove identities and keep others out. */
    public enum Security {
        /** Everywhere available. */
        NOISE,
        /** TLS 1.3, the faster one for bulk; left out where the machine has no BoringSSL. */
        TLS
    }
}
