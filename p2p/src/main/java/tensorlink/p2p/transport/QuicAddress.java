package tensorlink.p2p.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Between {@code /ip4/…/udp/…/quic-v1} and the addresses of sockets. */
final class QuicAddress {
    private QuicAddress() {}

    static boolean isQuic(Multiaddr address) {
        var parts = address.parts();
        return parts.size() == 3
                && parts.get(1).protocol() == AddressProtocol.UDP
                && parts.getLast().protocol() == AddressProtocol.QUIC_V1
                && TcpAddress.isTcp(asTcp(address));
    }

    /** The same host and port, of which TCP knows all that QUIC needs. */
    private static Multiaddr asTcp(Multiaddr address) {
        var parts = address.parts();
        return Multiaddr.parse(parts.getFirst() + "/tcp/" + parts.get(1).text());
    }

    /** As {@link TcpAddress#resolve}. */
    static InetSocketAddress resolve(Multiaddr address) throws IOException {
        return TcpAddress.resolve(asTcp(address));
    }

    static Multiaddr of(InetSocketAddress socket) {
        return asQuic(TcpAddress.of(socket));
    }

    /** As {@link TcpAddress#reachable}. */
    static List<Multiaddr> reachable(InetSocketAddress bound) {
        var addresses = new ArrayList<Multiaddr>();
        for (var address : TcpAddress.reachable(bound)) {
            addresses.add(asQuic(address));
        }
        return addresses;
    }

    private static Multiaddr asQuic(Multiaddr tcp) {
        var parts = tcp.parts();
        return Multiaddr.parse(parts.getFirst() + "/udp/" + parts.getLast().text() + "/quic-v1");
    }
}
