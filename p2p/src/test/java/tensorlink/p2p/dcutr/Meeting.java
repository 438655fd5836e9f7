package tensorlink.p2p.dcutr;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import tensorlink.p2p.multiaddr.Multiaddr;

/** A place where two that connect are connected with each other, as if both had dialled. */
final class Meeting implements AutoCloseable {
    private final ServerSocket door;

    Meeting() throws IOException {
        door = new ServerSocket(0, 2, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::introduce);
    }

    Multiaddr address() {
        return Multiaddr.parse("/ip4/127.0.0.1/tcp/" + door.getLocalPort());
    }

    private void introduce() {
        try {
            var one = door.accept();
            var other = door.accept();
            Thread.ofVirtual().start(() -> pass(one, other));
            pass(other, one);
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private static void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException closed) {
            // One of them has left.
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
    }
}
