package tensorlink.p2p.relay;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class RelayAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) throws IOException {
        return new RelayHopInputTest().outcome(List.of(frame))
                + new RelayStopInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "2,000 empty addresses of a peer",
                        prefixed(join("0801", "12a01f", times(2000, "1200"))),
                "2,000 empty addresses of a relay",
                        prefixed(join("0802", "2864", "1aa21f0801", times(2000, "1200"))),
                "300 addresses of a relay",
                        prefixed(
                                join(
                                        "0802",
                                        "2864",
                                        "1a",
                                        prefixed(
                                                join("0801", times(300, "12080401020304060fa1"))))),
                "2,000 reservations", prefixed(join("0802", times(2000, "1a00"))),
                "2,000 peers", prefixed(join("0801", times(2000, "1200"))),
                "2,000 unknown fields", prefixed(times(2000, "7800")),
                "2,000 unknown groups", prefixed(times(2000, "7b7c")));
    }
}
