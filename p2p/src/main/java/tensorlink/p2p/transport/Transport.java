package tensorlink.p2p.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.Muxer;
import tensorlink.p2p.security.Security;

/** Dials and listens at one kind of address. Safe for use by any thread. */
public interface Transport extends AutoCloseable {

    /** Whether {@code address}, without a peer id, is of this kind. */
    boolean handles(Multiaddr address);

    /**
     * Starts to connect; may block to resolve a name, not to connect.
     *
     * @param pipeline adds the handlers of the new channel
     * @throws IOException when the address leads nowhere
     */
    Future<?> dial(Multiaddr address, ChannelHandler pipeline) throws IOException;

    /**
     * Listens at {@code address}.
     *
     * @param pipeline adds the handlers of each accepted channel
     * @throws IOException when the address cannot be bound
     */
    Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException;

    /** Where the other end of a channel of this transport is. */
    Multiaddr remoteAddress(Channel channel);

    /** Whom to count such a channel for; those that are no sockets come from this process. */
    default InetAddress remoteHost(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress socket
                ? socket.getAddress()
                : InetAddress.getLoopbackAddress();
    }

    /** Whether such a channel will be ended by others after so much time or so many bytes. */
    default boolean isLimited(Channel channel) {
        return false;
    }

    /** What people call the kind of transport that {@code address} is for. */
    static String name(Multiaddr address) {
        if (address.has(AddressProtocol.P2P_CIRCUIT)) {
            return AddressProtocol.P2P_CIRCUIT.text();
        }
        if (address.has(AddressProtocol.QUIC_V1)) {
            return "quic-v1";
        }
        boolean isWeb = address.has(AddressProtocol.WS) || address.has(AddressProtocol.WSS);
        if (isWeb) {
            boolean isSecure = address.has(AddressProtocol.WSS) || address.has(AddressProtocol.TLS);
            return isSecure ? "wss" : "ws";
        }
        return address.has(AddressProtocol.TCP)
                ? "tcp"
                : address.parts().getFirst().protocol().text();
    }

    /** What channels of this transport bring with them; else both are negotiated. */
    default Optional<Own> own() {
        return Optional.empty();
    }

    /** Ends the transport's own threads, after its listeners and channels were closed. */
    @Override
    void close();

    /** A security and a muxer that are part of a transport. */
    record Own(Security security, Muxer muxer) {}

    /** A bound address. */
    interface Listener extends AutoCloseable {
        /** Where it can be reached; several when a wildcard was bound. */
        List<Multiaddr> addresses();

        /** Stops accepting and frees the address; channels already accepted go on. */
        @Override
        void close();
    }
}
