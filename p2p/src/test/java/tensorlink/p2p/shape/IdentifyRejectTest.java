package tensorlink.p2p.shape;

import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

class IdentifyRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected String folder() {
        return "identify";
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.encrypted(victim);
        var opening = Steps.propose("/ipfs/id/push/1.0.0");
        peer.send(Steps.data(1, 1, opening));
        peer.send(join("000000040000000100%06x".formatted(input.length), input));
        return peer;
    }
}
