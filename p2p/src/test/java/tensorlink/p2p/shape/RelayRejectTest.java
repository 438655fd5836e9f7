package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.RejectLeavesNoTraceTest;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.relay.RelayLimits;

class RelayRejectTest extends RejectLeavesNoTraceTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withRelayService(RelayLimits.defaults());
    }

    @Override
    protected String folder() {
        return "relay-hop";
    }

    @Override
    protected RawPeer send(Host victim, byte[] input) throws InterruptedException {
        var peer = RawPeer.encrypted(victim);
        var opening = Steps.propose("/libp2p/circuit/relay/0.2.0/hop");
        peer.send(Steps.data(1, 1, opening));
        peer.send(join("000000040000000100%06x".formatted(input.length), input));
        return peer;
    }
}
