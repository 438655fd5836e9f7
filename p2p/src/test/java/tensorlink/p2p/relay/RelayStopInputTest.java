package tensorlink.p2p.relay;

import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;

/** What a relay and the peer that is called say. */
class RelayStopInputTest extends BadInput {
    RelayStopInputTest() {
        super("relay-stop");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var stream = new Pieces(RelayServer.STOP, pieces);
            var message = RelayCodec.decodeStop(stream.readMessage(RelayCodec.MESSAGE_BYTES_MAX));
            return switch (message) {
                case StopMessage.Connect(var source, var limit) ->
                        "call of " + source + " with " + limit.duration() + ", " + limit.bytes();
                case StopMessage.Status(var status) -> status.toString();
            };
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }
}
