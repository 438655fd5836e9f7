package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.core.Host;

/** Pings, and streams that are refused. */
class YamuxNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        return "000200010000000000000001".repeat(1000) + "000000000000ffff00000000".repeat(1000);
    }
}
