package tensorlink.p2p.negotiate;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class MultistreamRemoteNumberTest extends RemoteNumberTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Override
    protected String outcome(byte[] message) {
        return new ListenerInputTest().outcome(List.of(message))
                + new DiallerInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "first length", it -> join(varint(it), "2f6d"),
                "length", it -> join(HEADER, varint(it), "2f6e6f6973650a"));
    }
}
