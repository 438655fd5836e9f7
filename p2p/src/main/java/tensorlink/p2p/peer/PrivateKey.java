package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** The secret half of an identity: what differs between the kinds of keys that we can be. */
sealed interface PrivateKey {
    /** The longest content that is read: an ECDSA key in DER. */
    int BYTES_MAX = 200;

    static PrivateKey generate(KeyType type, SecureRandom random) {
        return switch (type) {
            case ED25519 -> {
                var seed = new byte[Ed25519.SECRET_KEY_SIZE];
                random.nextBytes(seed);
                yield new Seed(ByteString.copyFrom(seed));
            }
            case SECP256K1 -> new Secp256k1(Curve.SECP256K1.generate(random));
            case ECDSA -> new Ecdsa(Curve.P256.generate(random));
            case RSA -> throw new IllegalArgumentException("no RSA identities are made here");
        };
    }

    /**
     * Reads the content of libp2p's Protobuf form.
     *
     * @throws IllegalArgumentException when it is no such key; never with key material
     */
    static PrivateKey of(KeyType type, ByteString data) {
        return switch (type) {
            case ED25519 -> Seed.parse(data);
            case SECP256K1 -> new Secp256k1(Curve.SECP256K1.secret(data));
            case ECDSA -> Ecdsa.parse(data);
            case RSA -> throw new IllegalArgumentException("private key is RSA, which is not used");
        };
    }

    PublicKey publicKey();

    ByteString sign(ByteString message, PublicKey publicKey);

    /** The content of libp2p's Protobuf form. */
    ByteString data(PublicKey publicKey);

    /** Ed25519: 32 bytes from which all else follows. */
    record Seed(ByteString seed) implements PrivateKey {
        private static final int SEED_BYTES = Ed25519.SECRET_KEY_SIZE;
        private static final int KEY_BYTES = Ed25519.PUBLIC_KEY_SIZE;

        public Seed {
            if (seed.size() != SEED_BYTES) {
                throw new IllegalArgumentException(
                        "Ed25519 seed of " + seed.size() + " bytes instead of " + SEED_BYTES);
            }
        }

        /** Seed and public key; an older form repeats the latter. */
        static PrivateKey parse(ByteString data) {
            if (data.size() != SEED_BYTES + KEY_BYTES
                    && data.size() != SEED_BYTES + 2 * KEY_BYTES) {
                throw new IllegalArgumentException(
                        "Ed25519 private key of " + data.size() + " bytes instead of 64");
            }
            var key = new Seed(data.substring(0, SEED_BYTES));
            for (int at = SEED_BYTES; at < data.size(); at += KEY_BYTES) {
                check(data.substring(at, at + KEY_BYTES), key.publicKey().raw());
            }
            return key;
        }

        @Override
        public PublicKey publicKey() {
            var derived = new byte[KEY_BYTES];
            Ed25519.generatePublicKey(seed.toByteArray(), 0, derived, 0);
            return new Ed25519PublicKey(ByteString.copyFrom(derived));
        }

        @Override
        public ByteString sign(ByteString message, PublicKey publicKey) {
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
        public ByteString data(PublicKey publicKey) {
            return seed.concat(publicKey.raw());
        }

        @Override
        public String toString() {
            return "Ed25519";
        }
    }

    /** A scalar of secp256k1. */
    record Secp256k1(BigInteger secret) implements PrivateKey {
        @Override
        public PublicKey publicKey() {
            return new Secp256k1PublicKey(Curve.SECP256K1.publicPoint(secret, true));
        }

        @Override
        public ByteString sign(ByteString message, PublicKey publicKey) {
            return Curve.SECP256K1.sign(secret, message);
        }

        @Override
        public ByteString data(PublicKey publicKey) {
            return Curve.bytes(secret);
        }

        @Override
        public String toString() {
            return "secp256k1";
        }
    }

    /** A scalar of P-256; travels as DER ECPrivateKey with curve and public point. */
    record Ecdsa(BigInteger secret) implements PrivateKey {
        private static final ByteString HEAD = hex("30770201010420");
        private static final ByteString MIDDLE = hex("a00a06082a8648ce3d030107a144034200");
        private static final int POINT_AT = 7 + Curve.SECRET_BYTES + 17;

        static PrivateKey parse(ByteString data) {
            int secretEnd = HEAD.size() + Curve.SECRET_BYTES;
            if (data.size() <= POINT_AT
                    || !data.startsWith(HEAD)
                    || !data.substring(secretEnd, POINT_AT).equals(MIDDLE)) {
                throw new IllegalArgumentException(
                        "ECDSA private key is no ECPrivateKey of P-256 with its public point");
            }
            var key = new Ecdsa(Curve.P256.secret(data.substring(HEAD.size(), secretEnd)));
            check(data.substring(POINT_AT), Curve.P256.publicPoint(key.secret(), false));
            return key;
        }

        private static ByteString hex(String text) {
            return ByteString.copyFrom(HexFormat.of().parseHex(text));
        }

        @Override
        public PublicKey publicKey() {
            return EcdsaPublicKey.ofPoint(Curve.P256.publicPoint(secret, false));
        }

        @Override
        public ByteString sign(ByteString message, PublicKey publicKey) {
            return Curve.P256.sign(secret, message);
        }

        @Override
        public ByteString data(PublicKey publicKey) {
            return HEAD.concat(Curve.bytes(secret))
                    .concat(MIDDLE)
                    .concat(Curve.P256.publicPoint(secret, false));
        }

        @Override
        public String toString() {
            return "ECDSA";
        }
    }

    private static void check(ByteString stated, ByteString derived) {
        if (!stated.equals(derived)) {
            throw new IllegalArgumentException(
                    "private key whose public half belongs to another key");
        }
    }
}
