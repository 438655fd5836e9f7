package tensorlink.p2p.shape;

import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.core.Host;

class MultistreamRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected String folder() {
        return "multistream-listener";
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(input);
        return peer;
    }
}
