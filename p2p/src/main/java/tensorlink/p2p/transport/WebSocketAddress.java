package tensorlink.p2p.transport;

import java.util.Optional;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * {@code <tcp address>/ws}, or secure as {@code /wss}, {@code /tls/ws} or {@code
 * /tls/sni/<name>/ws}.
 *
 * @param tcp where the socket leads
 * @param isSecure whether the web's TLS is around it
 * @param name what a certificate must be made out to
 */
record WebSocketAddress(Multiaddr tcp, boolean isSecure, String name) {
    private static final Multiaddr WS = Multiaddr.parse("/ws");
    private static final Multiaddr SECURE_WS = Multiaddr.parse("/tls/ws");

    static Optional<WebSocketAddress> parse(Multiaddr address) {
        var parts = address.parts();
        if (parts.size() < 3) {
            return Optional.empty();
        }
        var tcp = Multiaddr.parse(parts.get(0).toString() + parts.get(1));
        if (!TcpAddress.isTcp(tcp)) {
            return Optional.empty();
        }
        var host = parts.getFirst().text();
        var rest = new StringBuilder();
        for (var part : parts.subList(2, parts.size())) {
            rest.append('/').append(part.protocol().text());
        }
        return switch (rest.toString()) {
            case "/ws" -> Optional.of(new WebSocketAddress(tcp, false, host));
            case "/wss", "/tls/ws" -> Optional.of(new WebSocketAddress(tcp, true, host));
            case "/tls/sni/ws" ->
                    address.value(AddressProtocol.SNI)
                            .map(sni -> new WebSocketAddress(tcp, true, sni));
            default -> Optional.empty();
        };
    }

    /** What others reach at {@code tcp}. */
    static Multiaddr over(Multiaddr tcp, boolean isSecure) {
        return tcp.with(isSecure ? SECURE_WS : WS);
    }

    int port() {
        return Integer.parseInt(tcp.parts().getLast().text());
    }
}
