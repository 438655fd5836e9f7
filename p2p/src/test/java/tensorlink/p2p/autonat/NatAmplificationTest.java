package tensorlink.p2p.autonat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class NatAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) throws IOException {
        return new NatFirstInputTest().outcome(List.of(frame))
                + new NatSecondInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "2,000 empty addresses", prefixed(join("0a", prefixed(times(2000, "0a00")))),
                "400 addresses", prefixed(join("0a", prefixed(times(400, "0a080401020304060fa1")))),
                "2,000 empty addresses to the first",
                        prefixed(
                                join(
                                        "0800",
                                        "12",
                                        prefixed(join("0a", prefixed(times(2000, "1200")))))),
                "2,000 requests", prefixed(times(2000, "0a00")),
                "2,000 unknown fields", prefixed(times(2000, "7800")),
                "2,000 unknown groups", prefixed(times(2000, "7b7c")));
    }
}
