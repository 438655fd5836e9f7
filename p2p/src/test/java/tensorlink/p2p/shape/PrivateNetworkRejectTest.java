package tensorlink.p2p.shape;

import com.google.protobuf.ByteString;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.peer.PreSharedKey;

class PrivateNetworkRejectTest extends RejectLeavesNoTraceTest {
    private static final PreSharedKey KEY = new PreSharedKey(ByteString.copyFrom(new byte[32]));

    @Override
    protected String folder() {
        return "pnet";
    }

    @Override
    protected HostConfig victim() {
        return super.victim().withPrivateNetwork(KEY);
    }

    @Override
    protected HostConfig honest() {
        return super.honest().withPrivateNetwork(KEY);
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(input);
        return peer;
    }
}
