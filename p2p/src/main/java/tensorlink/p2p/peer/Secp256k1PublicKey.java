package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;

/**
 * The curve of Bitcoin and Ethereum.
 *
 * @param raw 33 bytes, a compressed point
 */
record Secp256k1PublicKey(ByteString raw) implements PublicKey {
    private static final int BYTES = 33;

    Secp256k1PublicKey {
        if (raw.size() != BYTES) {
            throw new IllegalArgumentException(
                    "secp256k1 public key of " + raw.size() + " bytes instead of " + BYTES);
        }
        var _ = Curve.SECP256K1.point(raw);
    }

    @Override
    public KeyType type() {
        return KeyType.SECP256K1;
    }

    @Override
    public boolean verify(ByteString message, ByteString signature) {
        return Curve.SECP256K1.verify(Curve.SECP256K1.point(raw), message, signature);
    }
}
