package tensorlink.p2p.portmap;

import java.net.URI;
import java.util.List;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The part of a router that maps ports.
 *
 * @param control where it is asked
 */
record WanService(String type, URI control) {
    /** Best first; they differ in nothing that is asked of them here. */
    private static final List<String> TYPES =
            List.of(
                    "urn:schemas-upnp-org:service:WANIPConnection:2",
                    "urn:schemas-upnp-org:service:WANIPConnection:1",
                    "urn:schemas-upnp-org:service:WANPPPConnection:1");

    /**
     * Finds it in what a router says of itself.
     *
     * @param location from where the description is
     * @throws ProtocolViolation when it has none, or one at another's
     */
    static WanService decode(byte[] description, URI location) throws ProtocolViolation {
        var services = RouterXml.all(RouterXml.parse("description", description), "service");
        for (var type : TYPES) {
            for (var service : services) {
                if (RouterXml.text(service, "serviceType").equals(type)) {
                    var control = RouterXml.text(service, "controlURL");
                    if (control.isEmpty()) {
                        throw new ProtocolViolation("upnp: service without an address");
                    }
                    return new WanService(type, DeviceUri.of(location, control));
                }
            }
        }
        throw new ProtocolViolation("upnp: description without a service that maps ports");
    }
}
