package tensorlink.p2p.portmap;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** Answers of a router to a question whose number is twelve times one. */
class PcpInputTest extends BadInput {
    private static final ByteString NONCE =
            ByteString.copyFrom(new byte[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});

    PcpInputTest() {
        super("pcp");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return Pcp.decode(joined(pieces).toByteArray(), NONCE).toString();
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
