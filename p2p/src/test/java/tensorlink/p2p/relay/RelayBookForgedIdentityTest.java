package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;
import tensorlink.p2p.ForgedIdentityFloodTest;
import tensorlink.p2p.multiformats.Multihash;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** Peers without number, each at another address, want a place. */
class RelayBookForgedIdentityTest extends ForgedIdentityFloodTest {
    private static final PeerId HONEST = KeyPair.generate().peerId();

    private final RelayLimits limits = RelayLimits.defaults();
    private final RelayBook book = new RelayBook(limits);

    private static Optional<InetAddress> at(int address) {
        try {
            return Optional.of(
                    InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(address).array()));
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    @Override
    protected void present(int number) {
        var content = ByteBuffer.allocate(32).putInt(number).array();
        var peer =
                new PeerId(
                        new Multihash(Multihash.SHA2_256, ByteString.copyFrom(content)).encode());
        book.reserve(peer, at(0x0b000000 + 256 * number), 0);
        book.open(peer, HONEST, 0);
        book.left(number % 2 == 0 ? peer : HONEST);
    }

    @Override
    protected void touchHonest() {
        book.reserve(HONEST, at(0x0a000001), 0);
    }

    @Override
    protected int kept() {
        return book.reservations(0) + book.circuits();
    }

    @Override
    protected int keptMax() {
        return limits.reservationsMax() + limits.circuitsPerPeerMax();
    }

    @Override
    protected boolean isHonestKept() {
        return book.open(KeyPair.generate().peerId(), HONEST, 0) != RelayStatus.NO_RESERVATION;
    }
}
