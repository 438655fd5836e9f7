package tensorlink.p2p.portmap;

import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** Answers of a router. */
class NatPmpInputTest extends BadInput {
    NatPmpInputTest() {
        super("nat-pmp");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return NatPmp.decode(joined(pieces).toByteArray()).toString();
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
