package tensorlink.p2p.security;

import java.util.List;
import tensorlink.p2p.PreAuthCostTest;

class NoisePreAuthCostTest extends PreAuthCostTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Override
    protected String folder() {
        return "noise-listener";
    }

    @Override
    protected String outcome(byte[] input) {
        return new NoiseListenerInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of(
                HEADER + "072f6e6f6973650a",
                HEADER + "072f6e6f6973650a" + "0020" + "09" + "00".repeat(31),
                HEADER
                        + "072f6e6f6973650a"
                        + "0020"
                        + "09"
                        + "00".repeat(31)
                        + "1060"
                        + "61".repeat(4191));
    }
}
