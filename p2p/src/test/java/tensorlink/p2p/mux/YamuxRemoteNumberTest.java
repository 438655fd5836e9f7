package tensorlink.p2p.mux;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class YamuxRemoteNumberTest extends RemoteNumberTest {
    private static final String OPEN = "000000010000000100000000";

    @Override
    protected String outcome(byte[] message) throws IOException {
        return new YamuxInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "version", it -> join(bigEndian(it, 1), "00", "00010000000100000000"),
                "type", it -> join("00", bigEndian(it, 1), "00010000000100000000"),
                "flags", it -> join(OPEN, "0000", bigEndian(it, 2), "0000000100000000"),
                "stream", it -> join("00000001", bigEndian(it, 4), "00000000"),
                "data length", it -> join(OPEN, "0000000000000001", bigEndian(it, 4)),
                "data length with SYN", it -> join("0000000100000001", bigEndian(it, 4)),
                "credit", it -> join(OPEN, "0001000000000001", bigEndian(it, 4)),
                "credit twice",
                        it ->
                                join(
                                        OPEN,
                                        "0001000000000001",
                                        bigEndian(it, 4),
                                        "0001000000000001",
                                        bigEndian(it, 4)),
                "error code", it -> join(OPEN, "0001000800000001", bigEndian(it, 4)),
                "go-away code", it -> join("0003000000000000", bigEndian(it, 4)));
    }
}
