package tensorlink.p2p.autonat;

import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;

/** What is said in version 1. */
class NatFirstInputTest extends BadInput {
    NatFirstInputTest() {
        super("autonat-1");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var stream = new Pieces(AutoNat.FIRST, pieces);
            var bytes = stream.readMessage(NatCodec.MESSAGE_BYTES_MAX);
            return switch (NatCodec.decodeFirst(bytes, 32)) {
                case FirstMessage.Dial(var peer, var addresses) ->
                        "dial " + peer + " at " + addresses.size() + " addresses";
                case FirstMessage.Response(var status, var address) ->
                        status + " at " + address.map(Object::toString).orElse("no address");
            };
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }
}
