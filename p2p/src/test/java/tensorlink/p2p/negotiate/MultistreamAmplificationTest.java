package tensorlink.p2p.negotiate;

import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class MultistreamAmplificationTest extends AmplificationTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Override
    protected String outcome(byte[] frame) {
        return new ListenerInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "4,000 empty names", join(HEADER, times(4000, "010a")),
                "4,000 empty names and no header", times(4000, "010a"),
                "400 headers", times(400, HEADER));
    }
}
