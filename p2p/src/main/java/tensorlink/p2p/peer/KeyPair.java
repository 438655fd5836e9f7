package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** An Ed25519 key pair: an identity that can sign. Its text form shows the public half only. */
public final class KeyPair {
    private static final int SEED_BYTES = Ed25519.SECRET_KEY_SIZE;

    /** {@code Type = 1, Data = 64 bytes} of seed and public key. */
    private static final ByteString PREFIX =
            ByteString.copyFrom(new byte[] {0x08, 0x01, 0x12, 0x40});

    /** As {@link #PREFIX} for the older form, which repeats the public key. */
    private static final ByteString LEGACY_PREFIX =
            ByteString.copyFrom(new byte[] {0x08, 0x01, 0x12, 0x60});

    private final ByteString seed;
    private final PublicKey publicKey;

    private KeyPair(ByteString seed) {
        var derived = new byte[Ed25519.PUBLIC_KEY_SIZE];
        Ed25519.generatePublicKey(seed.toByteArray(), 0, derived, 0);
        this.seed = seed;
        this.publicKey = new PublicKey(ByteString.copyFrom(derived));
    }

    /** A new identity from the machine's source of randomness. */
    public static KeyPair generate() {
        var seed = new byte[SEED_BYTES];
        new SecureRandom().nextBytes(seed);
        return new KeyPair(ByteString.copyFrom(seed));
    }

    /**
     * The identity that follows from a secret of 32 bytes, always the same.
     *
     * @throws IllegalArgumentException when {@code seed} has another length
     */
    public static KeyPair ofSeed(ByteString seed) {
        if (seed.size() != SEED_BYTES) {
            throw new IllegalArgumentException(
                    "Ed25519 seed of " + seed.size() + " bytes instead of " + SEED_BYTES);
        }
        return new KeyPair(seed);
    }

    /**
     * Reads libp2p's Protobuf form of a private key.
     *
     * @throws IllegalArgumentException when it is malformed, of another kind, or its public half
     *     does not belong to its private half; the message never holds key material
     */
    public static KeyPair decode(ByteString encoded) {
        ByteString data;
        if (encoded.startsWith(PREFIX) && encoded.size() == PREFIX.size() + 64) {
            data = encoded.substring(PREFIX.size());
        } else if (encoded.startsWith(LEGACY_PREFIX)
                && encoded.size() == LEGACY_PREFIX.size() + 96) {
            data = encoded.substring(LEGACY_PREFIX.size());
        } else {
            throw new IllegalArgumentException(
                    "private key is not an Ed25519 key of libp2p's form");
        }
        var pair = new KeyPair(data.substring(0, SEED_BYTES));
        for (int at = SEED_BYTES; at < data.size(); at += Ed25519.PUBLIC_KEY_SIZE) {
            var stated = data.substring(at, at + Ed25519.PUBLIC_KEY_SIZE);
            if (!stated.equals(pair.publicKey.raw())) {
                throw new IllegalArgumentException(
                        "private key whose public half belongs to another key");
            }
        }
        return pair;
    }

    /** Libp2p's Protobuf form of the private key: a secret. */
    public ByteString encode() {
        return PREFIX.concat(seed).concat(publicKey.raw());
    }

    public PublicKey publicKey() {
        return publicKey;
    }

    public PeerId peerId() {
        return publicKey.peerId();
    }

    /** The signature of {@code message}, 64 bytes; the same every time. */
    public ByteString sign(ByteString message) {
        var signature = new byte[Ed25519.SIGNATURE_SIZE];
        Ed25519.sign(
                seed.toByteArray(),
                0,
                publicKey.raw().toByteArray(),
                0,
                message.toByteArray(),
                0,
                message.size(),
                signature,
                0);
        return ByteString.copyFrom(signature);
    }

    @Override
    public String toString() {
        return "KeyPair[" + peerId() + "]";
    }
}
