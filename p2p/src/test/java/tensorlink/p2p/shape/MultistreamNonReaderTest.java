package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

/** Protocols that nobody has, on one stream after the other. */
class MultistreamNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        int stream = 2 * round + 1;
        return Steps.data(1, stream, Steps.HEADER + Steps.message("/x").repeat(32));
    }
}
