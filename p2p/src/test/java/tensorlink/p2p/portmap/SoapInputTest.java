package tensorlink.p2p.portmap;

import java.util.List;
import java.util.TreeMap;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What a router answers to a question for one of its mappings. */
class SoapInputTest extends BadInput {
    SoapInputTest() {
        super("upnp-answer");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            var document = joined(pieces).toByteArray();
            return switch (Soap.decode("GetSpecificPortMappingEntry", document)) {
                case Soap.Done(var values) -> "done " + new TreeMap<>(values);
                case Soap.Fault(int code) -> "fault " + code;
            };
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
