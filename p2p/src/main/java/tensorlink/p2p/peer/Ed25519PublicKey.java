package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * RFC 8032.
 *
 * @param raw 32 bytes
 */
record Ed25519PublicKey(ByteString raw) implements PublicKey {
    Ed25519PublicKey {
        if (raw.size() != Ed25519.PUBLIC_KEY_SIZE) {
            throw new IllegalArgumentException(
                    "Ed25519 public key of " + raw.size() + " bytes instead of 32");
        }
    }

    @Override
    public KeyType type() {
        return KeyType.ED25519;
    }

    @Override
    public boolean verify(ByteString message, ByteString signature) {
        return signature.size() == Ed25519.SIGNATURE_SIZE
                && Ed25519.verify(
                        signature.toByteArray(),
                        0,
                        raw.toByteArray(),
                        0,
                        message.toByteArray(),
                        0,
                        message.size());
    }
}
