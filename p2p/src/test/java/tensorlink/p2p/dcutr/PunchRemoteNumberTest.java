package tensorlink.p2p.dcutr;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class PunchRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) throws IOException {
        return new PunchInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "message length", it -> join(varint(it), "0864"),
                "type", it -> message(join("08", varint(it))),
                "length of an address", it -> message(join("0864", "12", varint(it), "00")),
                "address code",
                        it -> message(join("0864", "12", message(join(varint(it), "0000")))));
    }

    private static byte[] message(byte[] content) {
        return join(varint(content.length), content);
    }
}
