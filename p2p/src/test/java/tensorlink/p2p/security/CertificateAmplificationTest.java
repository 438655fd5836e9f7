package tensorlink.p2p.security;

import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class CertificateAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) {
        return new CertificateInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "4,000 empty elements", join("30821f40", times(4000, "3000")),
                "elements within each other", times(2000, "30821f40"));
    }
}
