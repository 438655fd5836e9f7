package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
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
        var streams = new StringBuilder();
        for (int i = 0; i < 32; i++) {
            int stream = 2 * (32 * round + i) + 1;
            var opening = Steps.propose("/libp2p/autonat/2/dial-request");
            streams.append(Steps.data(5, stream, opening + "020a00"));
        }
        return streams.toString();
    }
}
