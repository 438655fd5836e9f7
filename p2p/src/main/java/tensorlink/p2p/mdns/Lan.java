package tensorlink.p2p.mdns;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Where multicast DNS packets come from and go to. */
interface Lan extends AutoCloseable {

    /** A packet, and where it came from. */
    record Packet(ByteString content, InetSocketAddress from) {}

    /**
     * Waits for a packet.
     *
     * @throws IOException when it is closed, or fails
     */
    Packet receive() throws IOException;

    /** Sends to everybody. */
    void send(ByteString content) throws IOException;

    /** Sends to {@code to} alone. */
    void send(ByteString content, InetSocketAddress to) throws IOException;

    /** Whether {@code address} is on a network that this machine is on too. */
    boolean isNear(InetAddress address);

    /** Ends {@link #receive}; idempotent. */
    @Override
    void close();
}
