package tensorlink.p2p.security;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class NoiseRemoteNumberTest extends RemoteNumberTest {
    private static final String FIRST = "0020" + "09" + "00".repeat(31);

    @Override
    protected String outcome(byte[] message) {
        return new NoiseListenerInputTest().outcome(List.of(message))
                + new NoiseDiallerInputTest().outcome(List.of(message))
                + new NoiseFramesInputTest().outcome(List.of(message))
                + new NoisePayloadInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "first length", it -> join(bigEndian(it, 2), new byte[64]),
                "third length", it -> join(FIRST, bigEndian(it, 2), new byte[64]),
                "payload field", it -> join(varint(it), "0020"),
                "payload length", it -> join("0a", varint(it), "0020"),
                "key type", it -> join("0a0408", bigEndian(it, 1), "1200"));
    }
}
