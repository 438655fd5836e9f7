package tensorlink.p2p.multiaddr;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/** What a part of a {@link Multiaddr} can be: its number, its name and the form of its value. */
public enum AddressProtocol {
    IP4(4, "ip4", 4, AddressValue.IP4),
    TCP(6, "tcp", 2, AddressValue.PORT),
    IP6(41, "ip6", 16, AddressValue.IP6),
    IP6ZONE(42, "ip6zone", Size.VARIABLE, AddressValue.TEXT),
    IPCIDR(43, "ipcidr", 1, AddressValue.PREFIX_LENGTH),
    DNS(53, "dns", Size.VARIABLE, AddressValue.HOST),
    DNS4(54, "dns4", Size.VARIABLE, AddressValue.HOST),
    DNS6(55, "dns6", Size.VARIABLE, AddressValue.HOST),
    DNSADDR(56, "dnsaddr", Size.VARIABLE, AddressValue.HOST),
    UDP(273, "udp", 2, AddressValue.PORT),
    WEBRTC_DIRECT(280, "webrtc-direct", Size.NONE, AddressValue.EMPTY),
    WEBRTC(281, "webrtc", Size.NONE, AddressValue.EMPTY),
    P2P_CIRCUIT(290, "p2p-circuit", Size.NONE, AddressValue.EMPTY),
    UNIX(400, "unix", Size.VARIABLE, AddressValue.PATH),
    P2P(421, "p2p", Size.VARIABLE, AddressValue.PEER),
    ONION3(445, "onion3", 37, AddressValue.ONION3),
    TLS(448, "tls", Size.NONE, AddressValue.EMPTY),
    SNI(449, "sni", Size.VARIABLE, AddressValue.HOST),
    NOISE(454, "noise", Size.NONE, AddressValue.EMPTY),
    /** Draft 29, superseded by {@link #QUIC_V1}: understood so that lists parse, never dialled. */
    QUIC(460, "quic", Size.NONE, AddressValue.EMPTY),
    QUIC_V1(461, "quic-v1", Size.NONE, AddressValue.EMPTY),
    WEBTRANSPORT(465, "webtransport", Size.NONE, AddressValue.EMPTY),
    CERTHASH(466, "certhash", Size.VARIABLE, AddressValue.CERTHASH),
    WS(477, "ws", Size.NONE, AddressValue.EMPTY),
    WSS(478, "wss", Size.NONE, AddressValue.EMPTY),
    HTTP(480, "http", Size.NONE, AddressValue.EMPTY),
    HTTP_PATH(481, "http-path", Size.VARIABLE, AddressValue.ENCODED_PATH),
    MEMORY(777, "memory", Size.VARIABLE, AddressValue.TEXT);

    private static final int QUOTED_LENGTH_MAX = 100;

    private final int code;
    private final String text;
    private final int size;
    private final AddressValue value;

    AddressProtocol(int code, String text, int size, AddressValue value) {
        this.code = code;
        this.text = text;
        this.size = size;
        this.value = value;
    }

    /** The number in the binary form, from the multicodec table. */
    public int code() {
        return code;
    }

    /** The name in the textual form. */
    public String text() {
        return text;
    }

    boolean hasValue() {
        return size != Size.NONE;
    }

    /** Whether the value's length precedes it. */
    boolean isVariable() {
        return size == Size.VARIABLE;
    }

    /** How many bytes a value of fixed length takes. */
    int size() {
        return size;
    }

    /** Whether the value may hold slashes and therefore takes the rest of the text. */
    boolean takesRest() {
        return value == AddressValue.PATH;
    }

    ByteString parse(String valueText) {
        try {
            return value.parse(valueText);
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    "bad /" + text + " value " + quoted(valueText) + ": " + wrong.getMessage(),
                    wrong);
        }
    }

    /** Cut to a line, and without what could forge another one in a log. */
    static String quoted(String foreign) {
        var shown = new StringBuilder("\"");
        for (int i = 0; i < Math.min(foreign.length(), QUOTED_LENGTH_MAX); i++) {
            char next = foreign.charAt(i);
            shown.append(Character.isISOControl(next) ? '\ufffd' : next);
        }
        return shown.append(foreign.length() > QUOTED_LENGTH_MAX ? "…\"" : "\"").toString();
    }

    /** The text of {@code bytes}, which are checked on the way. */
    String format(ByteString bytes) {
        try {
            return value.format(bytes);
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    "bad /" + text + " value: " + wrong.getMessage(), wrong);
        }
    }

    static @Nullable AddressProtocol ofCode(long code) {
        for (var protocol : values()) {
            if (protocol.code == code) {
                return protocol;
            }
        }
        return null;
    }

    static @Nullable AddressProtocol ofText(String text) {
        if (text.equals("ipfs")) {
            return P2P;
        }
        for (var protocol : values()) {
            if (protocol.text.equals(text)) {
                return protocol;
            }
        }
        return null;
    }

    private static final class Size {
        static final int NONE = 0;
        static final int VARIABLE = -1;
    }
}
