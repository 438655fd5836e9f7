package tensorlink.p2p.dcutr;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class PunchAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) throws IOException {
        return new PunchInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "2,000 empty addresses", prefixed(join("0864", times(2000, "1200"))),
                "400 addresses", prefixed(join("0864", times(400, "12080401020304060fa1"))),
                "2,000 unknown fields", prefixed(join("0864", times(2000, "7800"))),
                "2,000 unknown groups", prefixed(join("0864", times(2000, "7b7c"))));
    }
}
