package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.multiaddr.Multiaddr;

class WebSocketRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected String folder() {
        return "websocket";
    }

    @Override
    protected HostConfig victim() {
        return super.victim().withListen(Multiaddr.parse("/ip4/127.0.0.1/tcp/0/ws"));
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(join(Steps.UPGRADE, input));
        return peer;
    }
}
