package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.p2p.BadInput;

/** Public keys as they travel; what is accepted is also asked to verify a signature. */
class PublicKeyInputTest extends BadInput {
    PublicKeyInputTest() {
        super("public-key");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = joined(pieces);
        try {
            var key = PublicKey.decode(bytes);
            boolean verifies = key.verify(ByteString.EMPTY, ByteString.copyFrom(new byte[64]));
            return "%s, %s anything".formatted(key.peerId(), verifies ? "signs" : "does not sign");
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
