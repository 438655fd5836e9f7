package tensorlink.p2p.autonat;

import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;

/** What is said in version 2. */
class NatSecondInputTest extends BadInput {
    NatSecondInputTest() {
        super("autonat-2");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var stream = new Pieces(AutoNat.DIAL_REQUEST, pieces);
            var bytes = stream.readMessage(NatCodec.SECOND_BYTES_MAX);
            return switch (NatCodec.decodeSecond(bytes, 32)) {
                case SecondMessage.Request(var addresses, long nonce) ->
                        "%d addresses, %d known, nonce %s"
                                .formatted(
                                        addresses.size(),
                                        addresses.stream().filter(Optional::isPresent).count(),
                                        Long.toUnsignedString(nonce));
                case SecondMessage.Response(var status, int index, var dial) ->
                        status + ", " + Integer.toUnsignedString(index) + " " + dial;
                case SecondMessage.DataRequest(int index, long count) ->
                        count + " bytes wanted for " + Integer.toUnsignedString(index);
                case SecondMessage.Data(int count) -> count + " bytes";
            };
        } catch (ProtocolViolation | EOFException refused) {
            return refusal(refused);
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }
}
