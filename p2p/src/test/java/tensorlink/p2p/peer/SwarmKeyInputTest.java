package tensorlink.p2p.peer;

import java.util.List;
import tensorlink.p2p.BadInput;

class SwarmKeyInputTest extends BadInput {
    SwarmKeyInputTest() {
        super("swarm-key");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = joined(pieces);
        try {
            return PreSharedKey.parse(bytes).toString();
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
