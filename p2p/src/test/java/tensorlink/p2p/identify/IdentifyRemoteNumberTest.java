package tensorlink.p2p.identify;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class IdentifyRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) throws IOException {
        return new IdentifyInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "message length", it -> join(varint(it), "00"),
                "second message length", it -> join("00", varint(it), "00"),
                "field", it -> message(join(varint(it), "00")),
                "field length", it -> message(join("0a", varint(it), "00")),
                "address code", it -> message(join("12", "0b", varint(it), new byte[11])),
                "port", it -> message(join("120804010203", "0406", bigEndian(it, 2))));
    }

    private static byte[] message(byte[] content) {
        return join(varint(content.length), content);
    }
}
