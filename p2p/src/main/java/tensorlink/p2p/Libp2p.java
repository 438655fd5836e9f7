package tensorlink.p2p;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.autonat.AutoNat;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.PerfLimits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.Throughput;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.dcutr.HolePuncher;
import tensorlink.p2p.dns.DnsAddr;
import tensorlink.p2p.dns.TxtLookup;
import tensorlink.p2p.identify.Identify;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.QuicMuxer;
import tensorlink.p2p.mux.Yamux;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.perf.Perf;
import tensorlink.p2p.ping.Ping;
import tensorlink.p2p.portmap.PortMapper;
import tensorlink.p2p.relay.CircuitTransport;
import tensorlink.p2p.relay.RelaySearch;
import tensorlink.p2p.relay.RelayServer;
import tensorlink.p2p.security.Noise;
import tensorlink.p2p.security.QuicSecurity;
import tensorlink.p2p.security.Security;
import tensorlink.p2p.security.Tls;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.QuicTransport;
import tensorlink.p2p.transport.TcpTransport;
import tensorlink.p2p.transport.Transport;
import tensorlink.p2p.transport.WebSocketTransport;

/** Where a host comes from. */
public final class Libp2p {
    private static final Logger log = LoggerFactory.getLogger(Libp2p.class);

    private static final int ADDRESSES_BEHIND_NAME_MAX = 64;

    private Libp2p() {}

    /**
     * Starts a host: TCP, WebSocket, QUIC, circuits through relays, Noise, TLS, yamux, identify and
     * ping. It runs until it is closed.
     *
     * @throws IOException when an address cannot be listened at; nothing is left running then
     */
    public static Host start(KeyPair key, HostConfig config)
            throws IOException, InterruptedException {
        var tcp =
                new TcpTransport(
                        config.eventLoops(),
                        config.limits().dialling().timeout(),
                        config.punchesHoles());
        var parts = parts(key, config, tcp);
        var swarm = new Swarm(parts);
        boolean complete = false;
        try {
            swarm.handle(Ping.PROTOCOL, new Ping(config.scheduler())::serve);
            swarm.control().allowOnLimited(Ping.PROTOCOL);
            var versions = new Identify.Versions(config.protocolVersion(), config.agentVersion());
            new Identify(swarm, key, versions, parts).start();
            swarm.use(circuits(swarm, config, tcp));
            config.relayService()
                    .ifPresent(limits -> {
                        var relay = new RelayServer(swarm, key, limits, config.scheduler());
                        if (config.autoNat().isPresent()) {
                            relay.startWhenReachable();
                        } else {
                            relay.start();
                        }
                    });
            if (config.punchesHoles()) {
                new HolePuncher(swarm, config.scheduler()).start();
            }
            for (var address : config.listen()) {
                var _ = swarm.listen(address);
            }
            if (config.searchesRelays()) {
                var search = new RelaySearch(swarm, config.scheduler());
                search.start();
                swarm.whenClosing(search::close);
            }
            // Only now: a host that listens nowhere is private.
            config.autoNat()
                    .ifPresent(limits -> {
                        var autoNat = new AutoNat(swarm, limits, config.scheduler());
                        autoNat.start();
                        swarm.whenClosing(autoNat::close);
                    });
            config.portMapping()
                    .ifPresent(router -> {
                        var mapper = new PortMapper(swarm, router, config.scheduler());
                        mapper.start();
                        swarm.whenClosing(mapper::close);
                    });
            complete = true;
            return swarm;
        } finally {
            if (!complete) {
                swarm.close();
            }
        }
    }

    private static CircuitTransport circuits(Swarm swarm, HostConfig config, TcpTransport tcp) {
        return new CircuitTransport(
                swarm, tcp.loops(), config.limits().dialling().timeout(), config.scheduler());
    }

    private static Swarm.Parts parts(KeyPair key, HostConfig config, TcpTransport tcp) {
        var yamux = new Yamux(config.limits(), config.scheduler());
        var securities = securities(key, List.of(yamux.protocol()), config);
        var transports = new ArrayList<Transport>();
        if (QuicSecurity.isAvailable() && config.privateNetwork().isEmpty()) {
            transports.add(quic(tcp, key, config));
        }
        transports.add(tcp);
        transports.add(new WebSocketTransport(tcp, config.limits().webSocket(), config.webTls()));
        config.memory().ifPresent(network -> transports.add(network.transport()));
        return new Swarm.Parts(
                key.peerId(),
                PeerStore.inMemory(config.peerBounds(), config.scheduler()::now),
                config.peerFile(),
                transports,
                securities,
                List.of(yamux),
                config.privateNetwork(),
                config.gater().orElseGet(Gater::new),
                config.reach(),
                config.punchesHoles(),
                names(config),
                RandomGenerator.getDefault(),
                config.limits(),
                config.scheduler());
    }

    private static TxtLookup names(HostConfig config) {
        var timeout = config.limits().dialling().timeout().dividedBy(2);
        return config.nameServer()
                .map(server -> TxtLookup.of("dns://" + server, timeout))
                .orElseGet(() -> TxtLookup.system(timeout));
    }

    private static Transport quic(TcpTransport tcp, KeyPair key, HostConfig config) {
        return new QuicTransport(
                tcp,
                new QuicSecurity(key, config.scheduler()::now),
                new QuicMuxer(config.limits(), config.scheduler()),
                config.limits(),
                config.scheduler());
    }

    private static List<Security> securities(KeyPair key, List<String> muxers, HostConfig config) {
        var securities = new ArrayList<Security>();
        for (var security : config.securities()) {
            switch (security) {
                case NOISE -> securities.add(new Noise(key, muxers));
                case TLS -> {
                    if (Tls.isAvailable()) {
                        securities.add(new Tls(key, muxers, config.scheduler()::now));
                    } else {
                        log.info("TLS is left out: this machine has no BoringSSL");
                    }
                }
            }
        }
        if (securities.isEmpty()) {
            throw new IllegalStateException("no TLS on this machine, and nothing else is wanted");
        }
        return securities;
    }

    /**
     * The router of this machine, for {@link HostConfig#withPortMapping}; empty where it cannot be
     * told.
     */
    public static Optional<InetAddress> router() {
        return PortMapper.gateway();
    }

    /**
     * Looks up who is behind a {@code /dnsaddr} name, with the name servers of {@code config}.
     * Blocks.
     *
     * @return at least one, with at most {@value #ADDRESSES_BEHIND_NAME_MAX} addresses in all
     * @throws IOException when there is nobody, or no name server answers
     */
    public static List<PeerInfo> peersBehind(Multiaddr name, HostConfig config) throws IOException {
        return new DnsAddr(names(config)).peers(name, ADDRESSES_BEHIND_NAME_MAX);
    }

    /** Measures one round trip to {@code peer}, connecting first when needed. */
    public static Duration ping(Host host, PeerId peer) throws IOException, InterruptedException {
        return ping(host, peer, Scheduler.system());
    }

    /** The same by the clock of {@code scheduler}. */
    public static Duration ping(Host host, PeerId peer, Scheduler scheduler)
            throws IOException, InterruptedException {
        return new Ping(scheduler).measure(host.connect(host.peers().info(peer)));
    }

    /** Lets peers measure throughput with {@code host}, which lends them its bandwidth. */
    public static void servePerf(Host host) {
        servePerf(host, PerfLimits.generous());
    }

    /**
     * The same within {@code limits}, until the subscription is closed.
     *
     * @throws IllegalStateException when {@code host} does so already
     */
    public static Subscription servePerf(Host host, PerfLimits limits) {
        host.handle(Perf.PROTOCOL, new Perf(Scheduler.system(), limits)::serve);
        return () -> host.unhandle(Perf.PROTOCOL);
    }

    /**
     * Measures how long {@code uploadBytes} to {@code peer} and {@code downloadBytes} from it take,
     * connecting first when needed.
     *
     * @throws UnsupportedProtocolException when the peer does not let itself be measured
     */
    public static Throughput perf(Host host, PeerId peer, long uploadBytes, long downloadBytes)
            throws IOException, InterruptedException {
        return perf(host, peer, uploadBytes, downloadBytes, Scheduler.system());
    }

    /** The same by the clock of {@code scheduler}. */
    public static Throughput perf(
            Host host, PeerId peer, long uploadBytes, long downloadBytes, Scheduler scheduler)
            throws IOException, InterruptedException {
        var connection = host.connect(host.peers().info(peer));
        return new Perf(scheduler).measure(connection, uploadBytes, downloadBytes);
    }
}
