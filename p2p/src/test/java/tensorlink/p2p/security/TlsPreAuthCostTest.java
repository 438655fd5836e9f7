package tensorlink.p2p.security;

import java.util.List;
import tensorlink.p2p.PreAuthCostTest;

class TlsPreAuthCostTest extends PreAuthCostTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Override
    protected String folder() {
        return "certificate";
    }

    @Override
    protected String outcome(byte[] input) {
        return new CertificateInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of(
                HEADER + "0b2f746c732f312e302e300a",
                HEADER + "0b2f746c732f312e302e300a" + "16030140000100" + "00".repeat(4000));
    }
}
