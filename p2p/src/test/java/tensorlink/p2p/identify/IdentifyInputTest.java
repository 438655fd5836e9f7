package tensorlink.p2p.identify;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.peer.SealedPeerRecord;

/**
 * All that a peer says in one identify exchange, from a peer whose seed {@code make_bad.py} knows.
 */
class IdentifyInputTest extends BadInput {
    private final Limits.Identify limits = Limits.defaults().identify();
    private final KeyPair peer = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));

    IdentifyInputTest() {
        super("identify");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var known =
                new Identification(
                        "known/1",
                        "agent/1",
                        List.of("/known/1"),
                        List.of(),
                        Optional.empty(),
                        Optional.of(
                                SealedPeerRecord.seal(
                                        new PeerRecord(peer.peerId(), 5, List.of()), peer)));
        try {
            var stream = new Pieces(Identify.PUSH, pieces);
            var messages = Identify.readAll(stream, limits, new ManualScheduler());
            return text(judge(Optional.empty(), messages))
                    + "; after another: "
                    + text(judge(Optional.of(known), messages));
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }

    private Identification judge(Optional<Identification> known, List<ByteString> messages)
            throws ProtocolViolation {
        return new Claims(peer.peerId(), AddressRange.PRIVATE, known, limits).judge(messages);
    }

    private static String text(Identification it) {
        return "'%s' by '%s', %d protocols, at %s, observed at %s, record %s"
                .formatted(
                        it.protocolVersion(),
                        it.agentVersion(),
                        it.protocols().size(),
                        it.addresses().size() > 3
                                ? it.addresses().size() + " addresses"
                                : it.addresses(),
                        it.observedAddress().map(Object::toString).orElse("nowhere"),
                        it.record()
                                .map(sealed -> sealed.content().sequence())
                                .map(Object::toString)
                                .orElse("none"));
    }
}
