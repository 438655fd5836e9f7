package tensorlink.p2p.autonat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class NatRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) throws IOException {
        return new NatFirstInputTest().outcome(List.of(message))
                + "; "
                + new NatSecondInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "message length", it -> join(varint(it), "0800"),
                "type", it -> message(join("08", varint(it))),
                "status of the first", it -> first(join("08", varint(it))),
                "status of the second", it -> second(join("08", varint(it))),
                "index", it -> second(join("08c801", "10", varint(it))),
                "status of a dial", it -> second(join("08c801", "18", varint(it))),
                "bytes wanted", it -> message(join("1a", message(join("10", varint(it))))),
                "index wanted", it -> message(join("1a", message(join("08", varint(it))))),
                "nonce", it -> message(join("0a", message(join("11", bigEndian(it, 8))))),
                "data length", it -> message(join("22", "03", "0a", varint(it))));
    }

    private static byte[] first(byte[] response) {
        return message(join("0801", "1a", message(response)));
    }

    private static byte[] second(byte[] response) {
        return message(join("12", message(response)));
    }

    private static byte[] message(byte[] content) {
        return join(varint(content.length), content);
    }
}
