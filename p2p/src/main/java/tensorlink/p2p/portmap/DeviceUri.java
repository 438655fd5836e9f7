package tensorlink.p2p.portmap;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What a device gives as its own addresses. They lead to that device or are refused, so that nobody
 * makes us ask others.
 */
final class DeviceUri {
    private static final int CHARS_MAX = 256;
    private static final int PORT_MAX = 0xffff;

    private DeviceUri() {}

    /**
     * Reads an address at {@code device}.
     *
     * @throws ProtocolViolation when it is none, or leads elsewhere; names are not looked up
     */
    static URI of(String text, InetAddress device) throws ProtocolViolation {
        return of(URI.create("http://" + device.getHostAddress() + "/"), text);
    }

    /** As {@link #of(String, InetAddress)}, seen from {@code base}, which is at the device. */
    static URI of(URI base, String text) throws ProtocolViolation {
        if (text.length() > CHARS_MAX) {
            throw new ProtocolViolation(
                    "upnp: address of " + text.length() + " characters, at most " + CHARS_MAX);
        }
        if (!text.chars().allMatch(it -> it > ' ' && it <= '~')) {
            throw new ProtocolViolation("upnp: address with characters that have no place in it");
        }
        try {
            var address = base.resolve(new URI(text));
            boolean isThere =
                    "http".equalsIgnoreCase(address.getScheme())
                            && base.getHost().equals(address.getHost())
                            && address.getRawUserInfo() == null
                            && address.getPort() != 0
                            && address.getPort() <= PORT_MAX;
            if (!isThere) {
                throw new ProtocolViolation(
                        "upnp: address " + text + ", expected HTTP at " + base.getHost());
            }
            return address;
        } catch (URISyntaxException malformed) {
            throw new ProtocolViolation("upnp: address " + text + " is none", malformed);
        }
    }
}
