package tensorlink.p2p.security;

import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;

/** The frames of an established Noise channel whose keys are zeros. */
class NoiseFramesInputTest extends BadInput {
    NoiseFramesInputTest() {
        super("noise-frames");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var key = new byte[32];
        var channel = new NoiseChannel(new CipherState(key), new CipherState(key));
        try (var wire = new Wire(channel)) {
            wire.receive(pieces);
            return wire.outcome("understood");
        }
    }
}
