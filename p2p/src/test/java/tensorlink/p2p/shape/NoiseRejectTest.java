package tensorlink.p2p.shape;

import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

class NoiseRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected String folder() {
        return "noise-listener";
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(join(Steps.propose("/noise"), input));
        return peer;
    }
}
