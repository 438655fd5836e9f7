package tensorlink.p2p.multiaddr;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class MultiaddrRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) {
        return new MultiaddrBytesInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "code", it -> join(varint(it), "01020304"),
                "length of a name", it -> join("35", varint(it), "6161"),
                "length of an id", it -> join("a503", varint(it), "1220"),
                "hash code", it -> join("a50323", varint(it), new byte[34]),
                "port", it -> join("047f00000106", bigEndian(it, 2)));
    }
}
