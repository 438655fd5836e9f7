package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;

/** Wishes to meet, over a connection that needs none. */
class DcutrNonReaderTest extends NonReaderTest {
    @Override
    protected HostConfig victim() {
        return super.victim().withHolePunching();
    }

    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        return RawPeer.encrypted(victim);
    }

    @Override
    protected String questions(int round) {
        var streams = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            int stream = 2 * (4 * round + i) + 1;
            streams.append(Steps.data(5, stream, Steps.propose("/libp2p/dcutr") + "020864"));
        }
        return streams.toString();
    }
}
