package tensorlink.p2p.shape;

import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.core.Host;

/** Questions of who the host is. */
class IdentifyNonReaderTest extends NonReaderTest {
    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        var streams = new StringBuilder();
        for (int i = 0; i < 32; i++) {
            int stream = 2 * (32 * round + i) + 1;
            streams.append(Steps.data(5, stream, Steps.propose("/ipfs/id/1.0.0")));
        }
        return streams.toString();
    }
}
