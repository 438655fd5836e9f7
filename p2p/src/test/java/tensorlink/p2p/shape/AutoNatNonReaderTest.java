package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.autonat.AutoNatLimits;
import tensorlink.p2p.core.Host;

/** Wishes to be dialled nowhere. */
class AutoNatNonReaderTest extends NonReaderTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withAutoNat(AutoNatLimits.defaults());
    }

    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        return Steps.questions(round, "/libp2p/autonat/2/dial-request", "020a00");
    }
}
