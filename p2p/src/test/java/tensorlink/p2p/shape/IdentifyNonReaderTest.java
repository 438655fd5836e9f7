package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

/** Questions of who the host is. */
class IdentifyNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        return Steps.questions(round, "/ipfs/id/1.0.0", "");
    }
}
