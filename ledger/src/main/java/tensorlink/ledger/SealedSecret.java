package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.generators.PKCS5S2ParametersGenerator;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.crypto.modes.SICBlockCipher;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import tensorlink.ledger.eip712.Keccak;

/**
 * A secret of 32 bytes under a password, as keystore V3 defines it: a derived key of 32 bytes,
 * whose first half encrypts by AES-128-CTR and whose second half authenticates: mac = keccak(second
 * half ‖ ciphertext).
 */
record SealedSecret(Derivation derivation, ByteString iv, ByteString ciphertext, ByteString mac) {
    private static final int HALF = 16;
    private static final int KEY_BYTES = 2 * HALF;
    private static final int SALT_BYTES = 32;

    SealedSecret {
        checkSize("iv", iv, HALF);
        checkSize("ciphertext", ciphertext, Bytes32.SIZE);
        checkSize("mac", mac, Keccak.BYTES);
    }

    /** How a password becomes a key; what would take too much memory or time cannot be made. */
    sealed interface Derivation {

        /** RFC 7914, which also wants n &lt; 2^(16 r). */
        record Scrypt(ByteString salt, int n, int r, int p) implements Derivation {
            public Scrypt {
                checkSalt(salt);
                checkRange("n", n, 1 << 12, 1 << 18);
                checkRange("r", r, 1, 8);
                checkRange("p", p, 1, 8);
                if (Integer.bitCount(n) != 1) {
                    throw new IllegalArgumentException("n is not a power of two: " + n);
                }
                if (r == 1 && n >= 1 << 16) {
                    throw new IllegalArgumentException("n is too large for r = 1: " + n);
                }
            }
        }

        /** PBKDF2 with HMAC-SHA-256. */
        record Pbkdf2(ByteString salt, int c) implements Derivation {
            public Pbkdf2 {
                checkSalt(salt);
                checkRange("c", c, 1, 1_000_000);
            }
        }

        private static void checkSalt(ByteString salt) {
            checkRange("bytes of salt", salt.size(), 1, 1_024);
        }

        private static void checkRange(String name, int value, int min, int max) {
            if (value < min || value > max) {
                throw new IllegalArgumentException(
                        name + " is " + min + " to " + max + ", not " + value);
            }
        }
    }

    static SealedSecret seal(
            ByteString secret, char[] password, Keystore.Cost cost, RandomGenerator random) {
        var derivation = new Derivation.Scrypt(draw(random, SALT_BYTES), cost.n(), 8, 1);
        return sealWith(derivation, draw(random, HALF), secret, password);
    }

    static SealedSecret sealWith(
            Derivation derivation, ByteString iv, ByteString secret, char[] password) {
        var key = key(derivation, password);
        var ciphertext = crypt(key, iv, secret);
        return new SealedSecret(derivation, iv, ciphertext, mac(key, ciphertext));
    }

    /**
     * The secret.
     *
     * @throws IllegalArgumentException when the password is wrong or the mac is: one cannot tell
     */
    ByteString open(char[] password) {
        var key = key(derivation, password);
        if (!MessageDigest.isEqual(mac.toByteArray(), mac(key, ciphertext).toByteArray())) {
            throw new IllegalArgumentException("the password is wrong, or the file is damaged");
        }
        return crypt(key, iv, ciphertext);
    }

    private static ByteString key(Derivation derivation, char[] password) {
        var bytes = utf8(password);
        try {
            return ByteString.copyFrom(
                    switch (derivation) {
                        case Derivation.Scrypt(var salt, int n, int r, int p) ->
                                SCrypt.generate(bytes, salt.toByteArray(), n, r, p, KEY_BYTES);
                        case Derivation.Pbkdf2(var salt, int c) -> pbkdf2(bytes, salt, c);
                    });
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private static byte[] pbkdf2(byte[] password, ByteString salt, int c) {
        var generator = new PKCS5S2ParametersGenerator(new SHA256Digest());
        generator.init(password, salt.toByteArray(), c);
        var key = (KeyParameter) generator.generateDerivedMacParameters(8 * KEY_BYTES);
        return key.getKey();
    }

    private static ByteString crypt(ByteString key, ByteString iv, ByteString text) {
        var cipher = SICBlockCipher.newInstance(AESEngine.newInstance());
        var aesKey = new KeyParameter(key.substring(0, HALF).toByteArray());
        cipher.init(true, new ParametersWithIV(aesKey, iv.toByteArray()));
        var result = new byte[text.size()];
        cipher.processBytes(text.toByteArray(), 0, text.size(), result, 0);
        return ByteString.copyFrom(result);
    }

    private static ByteString mac(ByteString key, ByteString ciphertext) {
        return Keccak.hash(key.substring(HALF), ciphertext);
    }

    private static ByteString draw(RandomGenerator random, int size) {
        var bytes = new byte[size];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    private static byte[] utf8(char[] password) {
        var encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(password));
        var bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static void checkSize(String name, ByteString bytes, int size) {
        if (bytes.size() != size) {
            throw new IllegalArgumentException(
                    name + " has " + size + " bytes, not " + bytes.size());
        }
    }
}
