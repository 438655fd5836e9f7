package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

/** Keys, and the peer records that carry them. */
class KeyRemoteNumberTest extends RemoteNumberTest {
    private final KeyPair key = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));

    @Override
    protected String outcome(byte[] message) {
        return new PublicKeyInputTest().outcome(List.of(message))
                + new PrivateKeyInputTest().outcome(List.of(message))
                + new PeerRecordInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "type", it -> join("08", varint(it), "1220", new byte[32]),
                "length", it -> join("080112", varint(it), new byte[32]),
                "RSA length", it -> join("0800120a30", bigEndian(it, 1), new byte[8]),
                "RSA length in 4 bytes", it -> join("0800120a3084", bigEndian(it, 4), "00000000"),
                "field", it -> join(varint(it), "00"),
                "envelope length", it -> join("0a", varint(it), new byte[32]),
                "sequence", this::record);
    }

    /** A record signed as it should be, with any sequence at all. */
    private byte[] record(long sequence) {
        var payload =
                join(
                        "0a26",
                        key.peerId().multihash().toByteArray(),
                        "10",
                        varint(sequence),
                        "1a020a00");
        return SignedEnvelope.seal(
                        key,
                        "libp2p-peer-record",
                        ByteString.copyFrom(new byte[] {3, 1}),
                        ByteString.copyFrom(payload))
                .encode()
                .toByteArray();
    }
}
