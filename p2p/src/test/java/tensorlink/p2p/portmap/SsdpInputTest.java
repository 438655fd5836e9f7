package tensorlink.p2p.portmap;

import java.net.InetAddress;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What comes to the port from which a router is looked for; a packet is not cut by the network. */
class SsdpInputTest extends BadInput {
    private static final InetAddress ROUTER = InetAddress.ofLiteral("10.0.0.1");

    SsdpInputTest() {
        super("upnp-search");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return "at " + Ssdp.location(joined(pieces).toByteArray(), ROUTER);
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
