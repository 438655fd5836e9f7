package tensorlink.p2p.transport;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Between {@code /ip4/…/tcp/…} and the addresses of sockets. */
final class TcpAddress {
    private TcpAddress() {}

    static boolean isTcp(Multiaddr address) {
        var parts = address.parts();
        if (parts.getLast().protocol() != AddressProtocol.TCP) {
            return false;
        }
        return switch (parts.getFirst().protocol()) {
            case IP4, IP6, DNS, DNS4, DNS6 -> parts.size() == 2;
            case IP6ZONE -> parts.size() == 3 && parts.get(1).protocol() == AddressProtocol.IP6;
            default -> false;
        };
    }

    /**
     * The socket address, with its name resolved.
     *
     * @throws IOException when the name has no address of the family asked for
     */
    static InetSocketAddress resolve(Multiaddr address) throws IOException {
        var host = address.parts().getFirst();
        int port = Integer.parseInt(address.parts().getLast().text());
        for (var candidate : InetAddress.getAllByName(name(address))) {
            boolean fits =
                    switch (host.protocol()) {
                        case DNS4 -> candidate instanceof Inet4Address;
                        case DNS6 -> !(candidate instanceof Inet4Address);
                        default -> true;
                    };
            if (fits) {
                return new InetSocketAddress(candidate, port);
            }
        }
        throw new UnknownHostException(host.text() + " has no address for " + address);
    }

    /** An address of a link means something only together with the interface to that link. */
    private static String name(Multiaddr address) {
        var parts = address.parts();
        return parts.size() == 3
                ? parts.get(1).text() + "%" + parts.getFirst().text()
                : parts.getFirst().text();
    }

    static Multiaddr of(InetSocketAddress socket) {
        return of(socket.getAddress(), socket.getPort());
    }

    private static Multiaddr of(InetAddress host, int port) {
        var text = host.getHostAddress();
        int zone = text.indexOf('%');
        return Multiaddr.parse(
                (host instanceof Inet4Address ? "/ip4/" : "/ip6/")
                        + (zone < 0 ? text : text.substring(0, zone))
                        + "/tcp/"
                        + port);
    }

    /** A bound address as others reach it: a wildcard stands for the addresses of this machine. */
    static List<Multiaddr> reachable(InetSocketAddress bound) {
        if (!bound.getAddress().isAnyLocalAddress()) {
            return List.of(of(bound));
        }
        var found = new ArrayList<Multiaddr>();
        try {
            var interfaces = NetworkInterface.getNetworkInterfaces();
            while (interfaces.hasMoreElements()) {
                var next = interfaces.nextElement();
                if (next.isUp()) {
                    next.inetAddresses()
                            .filter(host -> isOfFamily(host, bound.getAddress()))
                            .forEach(host -> found.add(of(host, bound.getPort())));
                }
            }
        } catch (SocketException unknown) {
            return List.of(of(bound));
        }
        return List.copyOf(found);
    }

    /** Link-local addresses mean nothing to others without a zone, which is theirs to know. */
    private static boolean isOfFamily(InetAddress host, InetAddress wildcard) {
        return host instanceof Inet4Address == wildcard instanceof Inet4Address
                && !host.isLinkLocalAddress();
    }
}
