package tensorlink.p2p.shape;

import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

class TlsRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected String folder() {
        return "certificate";
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(join(Steps.propose("/tls/1.0.0"), input));
        return peer;
    }
}
