package tensorlink.p2p.relay;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class RelayRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) throws IOException {
        return new RelayHopInputTest().outcome(List.of(message))
                + "; "
                + new RelayStopInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "message length", it -> join(varint(it), "0800"),
                "type", it -> message(join("08", varint(it))),
                "status of a relay", it -> message(join("0802", "28", varint(it))),
                "status of a peer", it -> message(join("0801", "20", varint(it))),
                "expiry", it -> status(join("1a", message(join("08", varint(it))))),
                "duration", it -> status(join("22", message(join("08", varint(it))))),
                "bytes", it -> status(join("22", message(join("10", varint(it))))),
                "length of an id", it -> message(join("0801", "12", "0b0a", varint(it), "00")),
                "address code",
                        it -> status(join("1a", message(join("0801", "12", message(varint(it)))))));
    }

    private static byte[] status(byte[] field) {
        return message(join("0802", field, "2864"));
    }

    private static byte[] message(byte[] content) {
        return join(varint(content.length), content);
    }
}
