package tensorlink.p2p.transport;

import java.util.List;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.PreAuthCostTest;
import tensorlink.p2p.multiaddr.Multiaddr;

class WebSocketPreAuthCostTest extends PreAuthCostTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withListen(Multiaddr.parse("/ip4/127.0.0.1/tcp/0/ws"));
    }

    @Override
    protected String folder() {
        return "websocket";
    }

    @Override
    protected String outcome(byte[] input) {
        return new WebSocketInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of(
                "47455420", // GET and no more
                "474554202f20485454502f312e310d0a" + "583a" + "61".repeat(8000));
    }
}
