package tensorlink.p2p.portmap;

import java.net.URI;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What a router says of itself. */
class WanServiceInputTest extends BadInput {
    WanServiceInputTest() {
        super("upnp-description");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return "found "
                    + WanService.decode(
                            joined(pieces).toByteArray(),
                            URI.create("http://10.0.0.1:5000/a/d.xml"));
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
