package tensorlink.p2p.pnet;

import java.util.List;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.PreAuthCostTest;
import tensorlink.p2p.peer.PreSharedKey;

class PrivateNetworkPreAuthCostTest extends PreAuthCostTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withPrivateNetwork(PreSharedKey.generate());
    }

    @Override
    protected String folder() {
        return "pnet";
    }

    @Override
    protected String outcome(byte[] input) {
        return new PrivateChannelInputTest().outcome(List.of(input));
    }

    @Override
    protected List<String> silences() {
        return List.of("00".repeat(24));
    }
}
