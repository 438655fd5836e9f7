package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.ForgedIdentityFloodTest;
import tensorlink.p2p.multiaddr.Multiaddr;

class PeerStoreForgedIdentityTest extends ForgedIdentityFloodTest {
    private static final int PEERS_MAX = 1000;
    private static final List<Multiaddr> ADDRESSES =
            List.of(Multiaddr.parse("/ip4/1.2.3.4/tcp/4001"));

    private final PeerStore store =
            PeerStore.inMemory(
                    new PeerStore.Bounds(PEERS_MAX, 32, Duration.ofHours(1), Duration.ofHours(1)),
                    () -> Instant.EPOCH);
    private final PeerId honest = id(-1);

    @Override
    protected void present(int number) {
        var peer = id(number);
        store.add(new PeerInfo(peer, ADDRESSES));
        store.identified(
                peer,
                new Identification(
                        "", "", List.of(), ADDRESSES, Optional.empty(), Optional.empty()));
    }

    /** An id that looks like one. */
    private static PeerId id(int number) {
        var key = ByteBuffer.allocate(32).putInt(number).array();
        return PublicKey.of(KeyType.ED25519, ByteString.copyFrom(key)).peerId();
    }

    @Override
    protected void touchHonest() {
        store.add(new PeerInfo(honest, ADDRESSES));
    }

    @Override
    protected int kept() {
        return store.peers().size();
    }

    @Override
    protected int keptMax() {
        return PEERS_MAX;
    }

    @Override
    protected boolean isHonestKept() {
        return store.addresses(honest).equals(ADDRESSES);
    }
}
