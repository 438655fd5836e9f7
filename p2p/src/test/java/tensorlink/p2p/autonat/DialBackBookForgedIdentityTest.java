package tensorlink.p2p.autonat;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import tensorlink.p2p.ForgedIdentityFloodTest;
import tensorlink.p2p.multiformats.Multihash;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** Peers without number want to be dialled; ten times a second there is room for another. */
class DialBackBookForgedIdentityTest extends ForgedIdentityFloodTest {
    private static final long TENTH = Duration.ofMillis(100).toNanos();
    private static final PeerId HONEST = KeyPair.generate().peerId();

    private final AutoNatLimits limits = AutoNatLimits.defaults();
    private final DialBackBook book = new DialBackBook(limits);
    private long now;
    private long honestDials;

    private boolean dial(PeerId peer) {
        boolean isGranted = book.begin(peer, now);
        if (isGranted) {
            book.ended();
        }
        return isGranted;
    }

    @Override
    protected void present(int number) {
        now += TENTH;
        var content = ByteBuffer.allocate(32).putInt(number).array();
        dial(new PeerId(new Multihash(Multihash.SHA2_256, ByteString.copyFrom(content)).encode()));
    }

    @Override
    protected void touchHonest() {
        honestDials += dial(HONEST) ? 1 : 0;
    }

    @Override
    protected int kept() {
        return book.remembered();
    }

    @Override
    protected int keptMax() {
        return limits.dialsPerMinuteMax();
    }

    @Override
    protected boolean isHonestKept() {
        return honestDials > 1;
    }
}
