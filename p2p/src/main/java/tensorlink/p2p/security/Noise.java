package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import io.netty.channel.ChannelHandler;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.peer.KeyPair;

/**
 * Noise XX with 25519, ChaChaPoly and SHA256, and libp2p's payload.
 *
 * <p>The static key is made once per instance and never stored, so that its signature, the
 * costliest part of a handshake payload, is made once as well.
 */
public final class Noise implements Security {
    public static final String PROTOCOL = "/noise";

    private final SecureRandom random;
    private final DhKeyPair staticKey;
    private final ByteString payload;
    private final List<String> muxers;

    /**
     * @param identity whom to prove to be
     * @param muxers to offer inside the handshake, best first
     */
    public Noise(KeyPair identity, List<String> muxers) {
        this(identity, muxers, new SecureRandom());
    }

    private Noise(KeyPair identity, List<String> muxers, SecureRandom random) {
        this.random = random;
        this.staticKey = DhKeyPair.generate(random);
        this.payload = NoisePayload.seal(identity, staticKey.publicKey(), muxers);
        this.muxers = List.copyOf(muxers);
    }

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public ChannelHandler handshake(Direction direction, Next next) {
        var handshake = new NoiseHandshake(direction, staticKey, DhKeyPair.generate(random));
        return new NoiseHandshakeHandler(
                direction,
                handshake,
                payload.toByteArray(),
                remote -> new Secured(remote.identity(), choose(direction, remote.muxers())),
                next);
    }

    /** The first muxer of the dialling side's list that the other side has too. */
    private Optional<String> choose(Direction direction, List<String> remote) {
        var initiator = direction == Direction.OUTBOUND ? muxers : remote;
        var responder = direction == Direction.OUTBOUND ? remote : muxers;
        for (var muxer : initiator) {
            if (responder.contains(muxer)) {
                return Optional.of(muxer);
            }
        }
        return Optional.empty();
    }
}
