package tensorlink.p2p.security;

import java.security.SecureRandom;
import org.bouncycastle.math.ec.rfc7748.X25519;
import tensorlink.p2p.core.ProtocolViolation;

/** An X25519 key pair for one handshake, or for all handshakes of a process. */
final class DhKeyPair {
    static final int KEY_BYTES = X25519.POINT_SIZE;

    private final byte[] secret;
    private final byte[] point = new byte[KEY_BYTES];

    private DhKeyPair(byte[] secret) {
        this.secret = secret;
        X25519.scalarMultBase(secret, 0, point, 0);
    }

    static DhKeyPair generate(SecureRandom random) {
        var secret = new byte[X25519.SCALAR_SIZE];
        X25519.generatePrivateKey(random, secret);
        return new DhKeyPair(secret);
    }

    static DhKeyPair ofSecret(byte[] secret) {
        return new DhKeyPair(secret.clone());
    }

    /** The public half, 32 bytes; not to be changed. */
    byte[] publicKey() {
        return point;
    }

    /**
     * The secret shared with the holder of {@code remote}.
     *
     * @throws ProtocolViolation when {@code remote} is of low order, which would make it no secret
     */
    byte[] agree(byte[] remote) throws ProtocolViolation {
        var shared = new byte[KEY_BYTES];
        if (!X25519.calculateAgreement(secret, 0, remote, 0, shared, 0)) {
            throw new ProtocolViolation("Noise key of low order");
        }
        return shared;
    }
}
