package tensorlink.p2p.multiaddr;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import tensorlink.p2p.BadInput;

class MultiaddrBytesInputTest extends BadInput {
    MultiaddrBytesInputTest() {
        super("multiaddr-bytes");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var bytes = joined(pieces);
        try {
            var address = Multiaddr.decode(bytes);
            assertThat(address.bytes()).isEqualTo(bytes);
            assertThat(Multiaddr.parse(address.toString())).isEqualTo(address);
            return address.toString();
        } catch (IllegalArgumentException malformed) {
            return refusal(malformed);
        }
    }
}
