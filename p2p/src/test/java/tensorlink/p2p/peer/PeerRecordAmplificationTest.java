package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import tensorlink.p2p.AmplificationTest;

class PeerRecordAmplificationTest extends AmplificationTest {
    private final KeyPair key = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));

    @Override
    protected String outcome(byte[] frame) {
        return new PeerRecordInputTest().outcome(List.of(frame));
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "2,000 addresses of no bytes", record(times(2000, "1a020a00")),
                "4,000 addresses that lack a field", record(times(4000, "1a00")),
                "800 addresses", record(times(800, "1a0a0a080401020304060fa1")),
                "4,000 unknown fields", record(times(4000, "7800")));
    }

    private byte[] record(byte[] addresses) {
        var payload = join("0a26", key.peerId().multihash().toByteArray(), "1001", addresses);
        return SignedEnvelope.seal(
                        key,
                        "libp2p-peer-record",
                        ByteString.copyFrom(new byte[] {3, 1}),
                        ByteString.copyFrom(payload))
                .encode()
                .toByteArray();
    }
}
