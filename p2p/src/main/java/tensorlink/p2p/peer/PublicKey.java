package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import tensorlink.p2p.multiformats.Multihash;

/**
 * An Ed25519 public key.
 *
 * @param raw 32 bytes, RFC 8032
 */
public record PublicKey(ByteString raw) {
    /** {@code Type = 1, Data = 32 bytes}: the only canonical encoding starts with these bytes. */
    private static final ByteString PREFIX =
            ByteString.copyFrom(new byte[] {0x08, 0x01, 0x12, 0x20});

    private static final int TYPE_TAG = 0x08;

    public PublicKey {
        if (raw.size() != Ed25519.PUBLIC_KEY_SIZE) {
            throw new IllegalArgumentException(
                    "Ed25519 public key of " + raw.size() + " bytes instead of 32");
        }
    }

    /**
     * Reads libp2p's Protobuf form, which must be canonical because it is what ids are made of.
     *
     * @throws IllegalArgumentException when it is malformed or a key of another kind
     */
    public static PublicKey decode(ByteString encoded) {
        if (!encoded.startsWith(PREFIX)) {
            throw new IllegalArgumentException("public key " + wrongStart(encoded));
        }
        return new PublicKey(encoded.substring(PREFIX.size()));
    }

    private static String wrongStart(ByteString encoded) {
        if (encoded.size() < PREFIX.size() || encoded.byteAt(0) != TYPE_TAG) {
            return "is not in canonical form";
        }
        return switch (encoded.byteAt(1)) {
            case 0 -> "is of type RSA; only Ed25519 is supported";
            case 1 -> "is Ed25519, but not in canonical form";
            case 2 -> "is of type secp256k1; only Ed25519 is supported";
            case 3 -> "is of type ECDSA; only Ed25519 is supported";
            default -> "is of unknown type " + encoded.byteAt(1);
        };
    }

    /** The canonical Protobuf form. */
    public ByteString encode() {
        return PREFIX.concat(raw);
    }

    /** The id of whoever holds the private key. */
    public PeerId peerId() {
        return new PeerId(new Multihash(Multihash.IDENTITY, encode()).encode());
    }

    /** Whether {@code signature} over {@code message} was made with the private key. */
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
