package tensorlink.p2p.interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

/** Passes TCP on in segments of a single byte, both ways, until it is closed. */
final class SlicingProxy implements AutoCloseable {
    private final PeerInfo target;
    private final int targetPort;
    private final ServerSocket server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** Stands before the first address of {@code target}. */
    SlicingProxy(PeerInfo target) throws IOException {
        this.target = target;
        this.targetPort = Integer.parseInt(port(target.addresses().getFirst()));
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Scheduler.system().fork("proxy", this::accept);
    }

    private static String port(Multiaddr address) {
        return address.value(AddressProtocol.TCP).orElseThrow();
    }

    /** The target, to be reached through the proxy only. */
    PeerInfo info() {
        var direct = target.addresses().getFirst();
        var through =
                direct.toString().replace("/tcp/" + port(direct), "/tcp/" + server.getLocalPort());
        return new PeerInfo(target.id(), List.of(Multiaddr.parse(through)));
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                var here = open(server.accept());
                var there = open(new Socket(InetAddress.getLoopbackAddress(), targetPort));
                Scheduler.system().fork("proxy there", () -> copy(here, there));
                Scheduler.system().fork("proxy back", () -> copy(there, here));
            } catch (IOException closed) {
                if (!server.isClosed()) {
                    throw new UncheckedIOException(closed);
                }
            }
        }
    }

    private Socket open(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        sockets.add(socket);
        return socket;
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            var bytes = new byte[1024];
            for (int count; (count = from.getInputStream().read(bytes)) >= 0; ) {
                for (int i = 0; i < count; i++) {
                    to.getOutputStream().write(bytes[i]);
                }
            }
        } catch (IOException eitherSideIsGone) {
            // then both are, by now
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (var socket : sockets) {
            socket.close();
        }
    }
}
