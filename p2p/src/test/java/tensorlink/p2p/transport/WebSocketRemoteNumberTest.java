package tensorlink.p2p.transport;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class WebSocketRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) {
        return new WebSocketInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "first byte", it -> join(bigEndian(it, 1), "8101020304aa"),
                "length", it -> join("82", bigEndian(it, 1), "01020304aabb"),
                "length in 2 bytes", it -> join("82fe", bigEndian(it, 2), "01020304aabb"),
                "length in 8 bytes", it -> join("82ff", bigEndian(it, 8), "01020304aabb"),
                "length of a ping", it -> join("89ff", bigEndian(it, 8), "01020304aabb"));
    }
}
