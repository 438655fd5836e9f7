package tensorlink.p2p.peer;

import java.util.List;
import tensorlink.p2p.PreAuthCostTest;

class KeyPreAuthCostTest extends PreAuthCostTest {
    @Override
    protected String folder() {
        return "public-key";
    }

    @Override
    protected String outcome(byte[] input) {
        return new PublicKeyInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of();
    }
}
