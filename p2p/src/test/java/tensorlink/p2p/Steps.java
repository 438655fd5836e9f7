package tensorlink.p2p;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** What a dialling peer says on the way to where a decoder is, in hexadecimal. */
public final class Steps {
    public static final String HEADER = message("/multistream/1.0.0");

    /** A request for a WebSocket, as browsers send it. */
    public static final String UPGRADE =
            HexFormat.of()
                    .formatHex(
                            """
                            GET / HTTP/1.1\r
                            Host: 127.0.0.1\r
                            Connection: Upgrade\r
                            Upgrade: websocket\r
                            Sec-WebSocket-Version: 13\r
                            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                            \r
                            """
                                    .getBytes(StandardCharsets.US_ASCII));

    private static final int STREAMS = 32;

    private Steps() {}

    /** A message of multistream-select. */
    public static String message(String text) {
        var line = (text + "\n").getBytes(StandardCharsets.UTF_8);
        return "%02x".formatted(line.length) + HexFormat.of().formatHex(line);
    }

    /** Header and proposal. */
    public static String propose(String protocol) {
        return HEADER + message(protocol);
    }

    /** A yamux data frame; its flags are SYN 1, ACK 2, FIN 4, RST 8. */
    public static String data(int flags, int stream, String hex) {
        return "0000%04x%08x%08x".formatted(flags, stream, hex.length() / 2) + hex;
    }

    /**
     * {@value #STREAMS} streams, others in each round, that say {@code hex} to {@code protocol} and
     * end.
     */
    public static String questions(int round, String protocol, String hex) {
        var streams = new StringBuilder();
        for (int i = 0; i < STREAMS; i++) {
            int stream = 2 * (STREAMS * round + i) + 1;
            streams.append(data(5, stream, propose(protocol) + hex));
        }
        return streams.toString();
    }
}
