package tensorlink.p2p.dcutr;

import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;

/** What is said over the relay. */
class PunchInputTest extends BadInput {
    PunchInputTest() {
        super("dcutr");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var stream = new Pieces(HolePuncher.PROTOCOL, pieces);
            return switch (PunchMessage.decode(stream.readMessage(PunchMessage.BYTES_MAX))) {
                case PunchMessage.Connect(var addresses) ->
                        "connect to " + addresses.size() + " addresses";
                case PunchMessage.Sync() -> "sync";
            };
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }
}
