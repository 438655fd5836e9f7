package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;

/** What a client and its relay say; the seeds of both are known to {@code make_bad.py}. */
class RelayHopInputTest extends BadInput {
    private static final KeyPair US = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
    private static final KeyPair RELAY = seed(1);

    RelayHopInputTest() {
        super("relay-hop");
    }

    private static KeyPair seed(int fill) {
        var seed = new byte[32];
        Arrays.fill(seed, (byte) fill);
        return KeyPair.ofSeed(ByteString.copyFrom(seed));
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var stream = new Pieces(RelayServer.HOP, pieces);
            var message = RelayCodec.decodeHop(stream.readMessage(RelayCodec.MESSAGE_BYTES_MAX));
            return switch (message) {
                case HopMessage.Reserve() -> "reserve";
                case HopMessage.Connect(var target) -> "connect to " + target;
                case HopMessage.Status(var status, var reservation, var limit) -> {
                    var text = status + " with " + limit.duration() + ", " + limit.bytes();
                    if (reservation.isPresent()) {
                        var held = reservation.get();
                        RelayClient.check(held.voucher(), RELAY.peerId(), US.peerId());
                        text +=
                                ", until "
                                        + held.expiry()
                                        + " at "
                                        + held.addresses().size()
                                        + " addresses";
                    }
                    yield text;
                }
            };
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }
}
