package tensorlink.p2p.peer;

import java.util.List;
import tensorlink.p2p.BadInput;

class PrivateKeyInputTest extends BadInput {
    PrivateKeyInputTest() {
        super("private-key");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = joined(pieces);
        try {
            return KeyPair.decode(bytes).toString();
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
