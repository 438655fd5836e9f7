package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.relay.RelayLimits;

/** Wishes for a place at a relay. */
class RelayNonReaderTest extends NonReaderTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withRelayService(RelayLimits.defaults());
    }

    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        return Steps.questions(round, "/libp2p/circuit/relay/0.2.0/hop", "020800");
    }
}
