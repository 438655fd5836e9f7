package tensorlink.p2p.portmap;

import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import tensorlink.p2p.core.ProtocolViolation;

/** The packets by which devices of UPnP are found (UPnP Device Architecture 2.0, section 1.3). */
final class Ssdp {
    static final int PORT = 1900;

    /** The longest packet that is read. */
    static final int BYTES_MAX = 2048;

    private Ssdp() {}

    /** Asks for devices of the kind {@code target}, which answer within a second. */
    static byte[] search(String target) {
        return "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:%d\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n"
                .formatted(PORT, target)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Reads where the device that answers is described.
     *
     * @param device from where the packet came
     * @throws ProtocolViolation when it is no answer, or leads to anybody but the device itself
     */
    static URI location(byte[] packet, InetAddress device) throws ProtocolViolation {
        if (packet.length > BYTES_MAX) {
            throw new ProtocolViolation(
                    "upnp: answer of " + packet.length + " bytes, at most " + BYTES_MAX);
        }
        var lines = List.of(new String(packet, StandardCharsets.ISO_8859_1).split("\r?\n", -1));
        if (!lines.getFirst().matches("HTTP/1\\.[01] 200( .*)?")) {
            throw new ProtocolViolation("upnp: not an answer to a search");
        }
        for (var line : lines.subList(1, lines.size())) {
            if (line.isEmpty()) {
                break;
            }
            if (line.toLowerCase(Locale.ROOT).startsWith("location:")) {
                return DeviceUri.of(line.substring(line.indexOf(':') + 1).strip(), device);
            }
        }
        throw new ProtocolViolation("upnp: an answer without a location");
    }
}
