package tensorlink.p2p.peer;

import java.security.SignatureException;
import java.util.List;
import tensorlink.p2p.BadInput;

/** Signed envelopes that should hold a peer record. */
class PeerRecordInputTest extends BadInput {
    PeerRecordInputTest() {
        super("peer-record");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = joined(pieces);
        try {
            var record = PeerRecord.open(bytes);
            return "%s, sequence %d, %d addresses"
                    .formatted(record.peer(), record.sequence(), record.addresses().size());
        } catch (SignatureException wrong) {
            return refusal(wrong);
        }
    }
}
