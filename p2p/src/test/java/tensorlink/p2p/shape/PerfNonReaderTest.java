package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

/** Downloads of a tebibyte. */
class PerfNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        int stream = 2 * round + 1;
        return Steps.data(5, stream, Steps.propose("/perf/1.0.0") + "0000010000000000");
    }
}
