package tensorlink.p2p.multiformats;

import java.util.List;
import tensorlink.p2p.BadInput;

class VarintInputTest extends BadInput {
    VarintInputTest() {
        super("varint");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var decoder = new Varint.Decoder();
        int count = 0;
        try {
            for (var piece : pieces) {
                for (byte next : piece) {
                    count++;
                    if (decoder.accept(next)) {
                        return "%d in %d bytes".formatted(decoder.value(), count);
                    }
                }
            }
            return "waits after %d bytes".formatted(count);
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
