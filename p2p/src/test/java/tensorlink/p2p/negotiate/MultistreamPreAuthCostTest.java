package tensorlink.p2p.negotiate;

import java.util.List;
import tensorlink.p2p.PreAuthCostTest;

class MultistreamPreAuthCostTest extends PreAuthCostTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Override
    protected String folder() {
        return "multistream-listener";
    }

    @Override
    protected String outcome(byte[] input) {
        return new ListenerInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of("", "13", HEADER, HEADER + "ff07" + "61".repeat(1000));
    }
}
