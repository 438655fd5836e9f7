package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.p2p.BadInput;

class PrivateKeyInputTest extends BadInput {
    PrivateKeyInputTest() {
        super("private-key");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = ByteString.EMPTY;
        for (var piece : pieces) {
            bytes = bytes.concat(ByteString.copyFrom(piece));
        }
        try {
            return KeyPair.decode(bytes).toString();
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
