package tensorlink.p2p.multiaddr;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tensorlink.p2p.BadInput;

class MultiaddrTextInputTest extends BadInput {
    MultiaddrTextInputTest() {
        super("multiaddr-text");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = new ByteArrayOutputStream();
        pieces.forEach(bytes::writeBytes);
        try {
            var address = Multiaddr.parse(bytes.toString(StandardCharsets.UTF_8));
            assertThat(Multiaddr.decode(address.bytes())).isEqualTo(address);
            assertThat(Multiaddr.parse(address.toString())).isEqualTo(address);
            return address.toString();
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
