package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;

/**
 * A key pair: an identity that can sign. Ed25519 unless another kind is asked for. Its text form
 * shows the public half only.
 */
public final class KeyPair {
    private final PrivateKey privateKey;
    private final PublicKey publicKey;

    private KeyPair(PrivateKey privateKey) {
        this.privateKey = privateKey;
        this.publicKey = privateKey.publicKey();
    }

    /** A new Ed25519 identity from the machine's source of randomness. */
    public static KeyPair generate() {
        return generate(KeyType.ED25519);
    }

    /**
     * A new identity of this kind.
     *
     * @throws IllegalArgumentException for RSA, which is only verified
     */
    public static KeyPair generate(KeyType type) {
        return new KeyPair(PrivateKey.generate(type, new SecureRandom()));
    }

    /**
     * The Ed25519 identity that follows from a secret of 32 bytes, always the same.
     *
     * @throws IllegalArgumentException when {@code seed} has another length
     */
    public static KeyPair ofSeed(ByteString seed) {
        return new KeyPair(new PrivateKey.Seed(seed));
    }

    /**
     * Reads libp2p's Protobuf form of a private key.
     *
     * @throws IllegalArgumentException when it is malformed, RSA, or its public half does not
     *     belong to its private half; the message never holds key material
     */
    public static KeyPair decode(ByteString encoded) {
        KeyMessage message;
        try {
            message = KeyMessage.decode(encoded, PrivateKey.BYTES_MAX);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException("private key " + malformed.getMessage(), malformed);
        }
        return new KeyPair(PrivateKey.of(message.type(), message.data()));
    }

    /** Libp2p's Protobuf form of the private key: a secret. */
    public ByteString encode() {
        return new KeyMessage(publicKey.type(), privateKey.data(publicKey)).encode();
    }

    public PublicKey publicKey() {
        return publicKey;
    }

    public PeerId peerId() {
        return publicKey.peerId();
    }

    /** The signature of {@code message}; the same every time. */
    public ByteString sign(ByteString message) {
        return privateKey.sign(message, publicKey);
    }

    @Override
    public String toString() {
        return "KeyPair[" + peerId() + "]";
    }
}
