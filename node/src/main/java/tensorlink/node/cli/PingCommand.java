package tensorlink.node.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.node.Version;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** Pings any libp2p peer, as somebody new each time. */
@Command(
        name = "ping",
        description = "Connect to any libp2p peer, as somebody new, and measure round trips.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink ping /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW... --count 20")
final class PingCommand implements Callable<Integer> {
    @Mixin private Output output = new Output();
    @Mixin private PingLoop loop = new PingLoop();
    @Mixin private TraceFlag trace = new TraceFlag();

    @Parameters(
            paramLabel = "MULTIADDR",
            description = "where the peer is and who, as /ip4/ADDRESS/tcp/PORT/p2p/ID")
    private String address = "";

    @Option(
            names = {"-W", "--timeout"},
            paramLabel = "SECONDS",
            defaultValue = "5",
            description = "how long to try to connect")
    private int timeout;

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--timeout", timeout, 1, 3_600);
        loop.check();
        var peer = peer(address);
        var defaults = HostConfig.defaults();
        var dialling = defaults.limits().dialling().withTimeout(Duration.ofSeconds(timeout));
        var config =
                defaults.withListen()
                        .withAgentVersion("tensorlink/" + Version.TEXT)
                        .withLimits(defaults.limits().withDialling(dialling));
        try (var host = Libp2p.start(KeyPair.generate(), config);
                var _ = trace.start(host)) {
            return ping(host, peer);
        }
    }

    private int ping(Host host, PeerInfo peer) throws IOException, InterruptedException {
        var connection = host.connect(peer);
        var link = connection.link();
        if (output.progress()) {
            output.say(
                    "connected to "
                            + peer.id()
                            + " at "
                            + connection.remoteAddress()
                            + " over "
                            + String.join(" ", link.transport(), link.security(), link.muxer()));
        }
        host.peers().add(peer);
        return loop.run(peer.id().toString(), () -> Libp2p.ping(host, peer.id()), output);
    }

    /** Reads the address of a peer with a place to find it at. */
    static PeerInfo peer(String address) {
        PeerInfo peer;
        try {
            peer = PeerInfo.parse(address);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(
                    wrong.getMessage()
                            + "\n  try: /ip4/ADDRESS/tcp/PORT/p2p/ID, as `up` prints it");
        }
        if (peer.addresses().isEmpty()) {
            throw new UsageException(
                    address + " says who but not where\n  try: /ip4/ADDRESS/tcp/PORT" + address);
        }
        return peer;
    }
}
