package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.HexFormat;

/**
 * ECDSA on P-256.
 *
 * @param raw DER SubjectPublicKeyInfo with an uncompressed point, 91 bytes
 */
record EcdsaPublicKey(ByteString raw) implements PublicKey {
    /** Everything before the point: there is just one way to write it for this curve. */
    private static final ByteString PREFIX =
            ByteString.copyFrom(
                    HexFormat.of()
                            .parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200"));

    private static final int POINT_BYTES = 65;
    private static final byte UNCOMPRESSED = 4;

    EcdsaPublicKey {
        if (!raw.startsWith(PREFIX)
                || raw.size() != PREFIX.size() + POINT_BYTES
                || raw.byteAt(PREFIX.size()) != UNCOMPRESSED) {
            throw new IllegalArgumentException(
                    "ECDSA public key of "
                            + raw.size()
                            + " bytes is no uncompressed point of P-256");
        }
        var _ = Curve.P256.point(raw.substring(PREFIX.size()));
    }

    static EcdsaPublicKey ofPoint(ByteString point) {
        return new EcdsaPublicKey(PREFIX.concat(point));
    }

    @Override
    public KeyType type() {
        return KeyType.ECDSA;
    }

    /** The uncompressed point, 65 bytes. */
    ByteString point() {
        return raw.substring(PREFIX.size());
    }

    @Override
    public boolean verify(ByteString message, ByteString signature) {
        return Curve.P256.verify(Curve.P256.point(point()), message, signature);
    }
}
