package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import tensorlink.p2p.multiformats.Multihash;

/**
 * A public key of any kind that libp2p knows. What a key is made of is checked when it is read, so
 * an instance can always verify; a key that would be too costly to verify with is refused.
 */
public sealed interface PublicKey
        permits Ed25519PublicKey, Secp256k1PublicKey, EcdsaPublicKey, RsaPublicKey {
    /** The longest encoding of a key that is accepted: RSA with 8,192 bits. */
    int BYTES_MAX = RsaPublicKey.BYTES_MAX;

    /**
     * Reads libp2p's Protobuf form, which must be canonical because it is what ids are made of.
     *
     * @throws IllegalArgumentException when it is malformed, of an unknown kind, or of a size or
     *     curve that is not accepted
     */
    static PublicKey decode(ByteString encoded) {
        KeyMessage message;
        try {
            message = KeyMessage.decode(encoded, BYTES_MAX);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException("public key " + malformed.getMessage(), malformed);
        }
        return of(message.type(), message.data());
    }

    /**
     * The key of this kind with this content.
     *
     * @param data 32 bytes for Ed25519 (RFC 8032), 33 for secp256k1 (a compressed point), a DER
     *     SubjectPublicKeyInfo for the others
     * @throws IllegalArgumentException when {@code data} is no such key
     */
    static PublicKey of(KeyType type, ByteString data) {
        return switch (type) {
            case RSA -> new RsaPublicKey(data);
            case ED25519 -> new Ed25519PublicKey(data);
            case SECP256K1 -> new Secp256k1PublicKey(data);
            case ECDSA -> new EcdsaPublicKey(data);
        };
    }

    KeyType type();

    /** The content of the key, as {@link #of} takes it. */
    ByteString raw();

    /** Whether {@code signature} over {@code message} was made with the private key. */
    boolean verify(ByteString message, ByteString signature);

    /** The canonical Protobuf form. */
    default ByteString encode() {
        return new KeyMessage(type(), raw()).encode();
    }

    /** The id of whoever holds the private key. */
    default PeerId peerId() {
        return new PeerId(Multihash.ofKey(encode()).encode());
    }
}
