package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

/** One stream of ping after the other, each full. */
class PingNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        int stream = 2 * round + 1;
        return Steps.data(1, stream, Steps.propose("/ipfs/ping/1.0.0"))
                + Steps.data(0, stream, "ab".repeat(32_000));
    }
}
