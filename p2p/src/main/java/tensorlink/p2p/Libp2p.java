package tensorlink.p2p;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Throughput;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.identify.Identify;
import tensorlink.p2p.mux.Yamux;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.perf.Perf;
import tensorlink.p2p.ping.Ping;
import tensorlink.p2p.security.Noise;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.TcpTransport;
import tensorlink.p2p.transport.Transport;

/** Where a host comes from. */
public final class Libp2p {
    private Libp2p() {}

    /**
     * Starts a host: TCP, Noise, yamux, identify and ping. It runs until it is closed.
     *
     * @throws IOException when an address cannot be listened at; nothing is left running then
     */
    public static Host start(KeyPair key, HostConfig config)
            throws IOException, InterruptedException {
        var parts = parts(key, config);
        var swarm = new Swarm(parts);
        boolean complete = false;
        try {
            swarm.handle(Ping.PROTOCOL, new Ping(config.scheduler())::serve);
            var versions = new Identify.Versions(config.protocolVersion(), config.agentVersion());
            new Identify(swarm, key, versions, parts).start();
            for (var address : config.listen()) {
                swarm.listen(address);
            }
            complete = true;
            return swarm;
        } finally {
            if (!complete) {
                swarm.close();
            }
        }
    }

    private static Swarm.Parts parts(KeyPair key, HostConfig config) {
        var transports = new ArrayList<Transport>();
        transports.add(new TcpTransport(config.eventLoops(), config.limits().dialling().timeout()));
        config.memory().ifPresent(network -> transports.add(network.transport()));
        var yamux = new Yamux(config.limits(), config.scheduler());
        return new Swarm.Parts(
                key.peerId(),
                PeerStore.inMemory(config.peerBounds(), config.scheduler()::now),
                transports,
                List.of(new Noise(key, List.of(yamux.protocol()))),
                List.of(yamux),
                config.limits(),
                config.scheduler());
    }

    /** Measures one round trip to {@code peer}, connecting first when needed. */
    public static Duration ping(Host host, PeerId peer) throws IOException, InterruptedException {
        return new Ping(Scheduler.system()).measure(host.connect(host.peers().info(peer)));
    }

    /** Lets peers measure throughput with {@code host}, which lends them its bandwidth. */
    public static void servePerf(Host host) {
        host.handle(Perf.PROTOCOL, new Perf(Scheduler.system())::serve);
    }

    /**
     * Measures how long {@code uploadBytes} to {@code peer} and {@code downloadBytes} from it take,
     * connecting first when needed.
     *
     * @throws UnsupportedProtocolException when the peer does not let itself be measured
     */
    public static Throughput perf(Host host, PeerId peer, long uploadBytes, long downloadBytes)
            throws IOException, InterruptedException {
        var connection = host.connect(host.peers().info(peer));
        return new Perf(Scheduler.system()).measure(connection, uploadBytes, downloadBytes);
    }
}
