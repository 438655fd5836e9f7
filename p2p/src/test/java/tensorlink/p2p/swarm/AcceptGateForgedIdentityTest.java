package tensorlink.p2p.swarm;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import tensorlink.p2p.ForgedIdentityFloodTest;
import tensorlink.p2p.core.Limits;

/** Addresses prove nothing either: connections from one after the other, each ended at once. */
class AcceptGateForgedIdentityTest extends ForgedIdentityFloodTest {
    private static final long MILLISECOND = 1_000_000;

    private final AcceptGate gate = new AcceptGate(Limits.defaults().connections());
    private boolean honestIsIn;
    private long now;

    @Override
    protected void present(int number) {
        now += MILLISECOND;
        if (gate.admit(address(number), now) instanceof AcceptGate.Admission.Admitted(var place)) {
            place.close();
        }
    }

    private static InetAddress address(int number) {
        try {
            return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(number).array());
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    protected void touchHonest() {
        honestIsIn |=
                gate.admit(address(0x0a00_0001), now) instanceof AcceptGate.Admission.Admitted;
    }

    @Override
    protected int kept() {
        return gate.remembered();
    }

    @Override
    protected int keptMax() {
        return 2048;
    }

    @Override
    protected boolean isHonestKept() {
        return honestIsIn;
    }
}
