package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.peer.KeyPair;

/** A whole Noise connection from its first byte, with keys that {@code make_bad.py} knows. */
abstract class NoiseInput extends BadInput {
    private static final DhKeyPair STATIC_KEY = DhKeyPair.ofSecret(secret(1));
    private static final DhKeyPair EPHEMERAL_KEY = DhKeyPair.ofSecret(secret(2));
    private static final ByteString PAYLOAD =
            NoisePayload.seal(
                    KeyPair.ofSeed(ByteString.copyFrom(secret(3))),
                    STATIC_KEY.publicKey(),
                    List.of("/yamux/1.0.0"));

    private final Direction direction;

    NoiseInput(String folder, Direction direction) {
        super(folder);
        this.direction = direction;
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var secured = new StringBuilder("waits");
        var handler =
                new NoiseHandshakeHandler(
                        direction,
                        new NoiseHandshake(direction, STATIC_KEY, EPHEMERAL_KEY),
                        PAYLOAD.toByteArray(),
                        remote -> {
                            secured.setLength(0);
                            secured.append("secured with ")
                                    .append(remote.identity().peerId())
                                    .append(" and muxers ")
                                    .append(remote.muxers());
                            return new Secured(remote.identity(), Optional.empty());
                        },
                        (_, _) -> {});
        try (var wire = new Wire(handler)) {
            wire.receive(pieces);
            return wire.outcome(secured.toString());
        }
    }

    private static byte[] secret(int fill) {
        var secret = new byte[32];
        Arrays.fill(secret, (byte) fill);
        return secret;
    }
}
