package tensorlink.testnet.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.HostConfig.Security;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * The other process of {@link BenchNet}: a host for each way of connecting, and a bare TCP sink.
 * Ends when its standard input does.
 */
@Command(name = "net-peer", description = "The other end of bench net.", hidden = true)
final class NetPeer implements Callable<Integer> {
    static final ProtocolId ECHO = ProtocolId.of("/tensorlink/bench/echo/1.0.0");
    static final int ECHO_BYTES = 32;
    static final int CHUNK = 64 << 10;

    @Mixin private Output output = new Output();

    /** How a host is listened at and secured. */
    enum Way {
        NOISE("/ip4/127.0.0.1/tcp/0", Security.NOISE),
        TLS("/ip4/127.0.0.1/tcp/0", Security.TLS),
        QUIC("/ip4/127.0.0.1/udp/0/quic-v1", Security.TLS);

        private final String listen;
        private final Security security;

        Way(String listen, Security security) {
            this.listen = listen;
            this.security = security;
        }

        HostConfig config() {
            return HostConfig.defaults().withSecurities(security);
        }

        Host start() throws IOException, InterruptedException {
            var config = config().withListen(Multiaddr.parse(listen));
            var host = Libp2p.start(KeyPair.generate(), config);
            Libp2p.servePerf(host);
            host.handle(
                    ECHO,
                    stream -> {
                        for (var message = stream.nextMessage(ECHO_BYTES);
                                message.isPresent();
                                message = stream.nextMessage(ECHO_BYTES)) {
                            stream.writeMessage(message.get());
                        }
                    });
            return host;
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var hosts = new ArrayList<Host>();
        try (var tcp = ServerSocketChannel.open()) {
            tcp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Scheduler.system().fork("bare-tcp", () -> sink(tcp));
            var addresses = new LinkedHashMap<String, Object>();
            addresses.put("TCP", ((InetSocketAddress) tcp.getLocalAddress()).getPort());
            for (var way : Way.values()) {
                var host = way.start();
                hosts.add(host);
                addresses.put(way.name(), host.info().fullAddresses().getFirst().toString());
            }
            output.tell(addresses);
            while (System.in.read() >= 0) {
                // Until the parent is gone.
            }
        } finally {
            hosts.forEach(Host::close);
        }
        return ExitCode.DONE.status();
    }

    /** Takes whatever comes, then says so with one byte: the way of the perf protocol. */
    private static void sink(ServerSocketChannel listening) {
        var chunk = ByteBuffer.allocateDirect(CHUNK);
        while (listening.isOpen()) {
            try (SocketChannel from = listening.accept()) {
                while (from.read(chunk.clear()) >= 0) {
                    // Dropped.
                }
                from.write(ByteBuffer.allocate(1));
            } catch (IOException closed) {
                // The next one, if any.
            }
        }
    }
}
