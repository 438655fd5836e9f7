package tensorlink.p2p.security;

import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class NoiseAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) {
        return new NoisePayloadInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "2,000 empty muxers", join("22a01f", times(2000, "1200")),
                "2,000 empty hashes of certificates", join("22a01f", times(2000, "0a00")),
                "1,000 extensions", times(1000, "2200"),
                "2,000 unknown fields", times(2000, "7800"));
    }
}
