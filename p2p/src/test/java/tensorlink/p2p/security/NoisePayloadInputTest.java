package tensorlink.p2p.security;

import java.io.ByteArrayOutputStream;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What a Noise handshake carries, for a static key of zeros. */
class NoisePayloadInputTest extends BadInput {
    NoisePayloadInputTest() {
        super("noise-payload");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = new ByteArrayOutputStream();
        pieces.forEach(bytes::writeBytes);
        try {
            var payload = NoisePayload.open(bytes.toByteArray(), new byte[32]);
            return payload.identity().peerId()
                    + " with %d muxers".formatted(payload.muxers().size());
        } catch (ProtocolViolation violation) {
            return refusal(violation);
        }
    }
}
