package tensorlink.p2p.security;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Sha256;

/** The chaining key and handshake hash of a Noise handshake (section 5.2 of the framework). */
final class SymmetricState {
    private static final int HASH_BYTES = 32;

    /** Exactly 32 bytes, so it is the first hash as it stands. */
    private static final String PROTOCOL = "Noise_XX_25519_ChaChaPoly_SHA256";

    private byte[] chainingKey = PROTOCOL.getBytes(StandardCharsets.US_ASCII);
    private byte[] hash = chainingKey.clone();
    private @Nullable CipherState cipher;

    SymmetricState(byte[] prologue) {
        mixHash(prologue);
    }

    void mixHash(byte[] data) {
        var digest = Sha256.start();
        digest.update(hash);
        hash = digest.digest(data);
    }

    void mixKey(byte[] inputKeyMaterial) {
        var keys = derive(inputKeyMaterial);
        chainingKey = Arrays.copyOf(keys, HASH_BYTES);
        cipher = new CipherState(Arrays.copyOfRange(keys, HASH_BYTES, 2 * HASH_BYTES));
    }

    byte[] encryptAndHash(byte[] plaintext) throws ProtocolViolation {
        var result = plaintext;
        if (cipher != null) {
            result = Arrays.copyOf(plaintext, plaintext.length + CipherState.TAG_BYTES);
            cipher.encrypt(hash, result, 0, plaintext.length);
        }
        mixHash(result);
        return result;
    }

    byte[] decryptAndHash(byte[] data) throws ProtocolViolation {
        var result = data;
        if (cipher != null) {
            var bytes = data.clone();
            result = Arrays.copyOf(bytes, cipher.decrypt(hash, bytes, 0, bytes.length));
        }
        mixHash(data);
        return result;
    }

    /** The two ciphers of the finished handshake: the initiator's sending side first. */
    Ciphers split() {
        var keys = derive(new byte[0]);
        return new Ciphers(
                new CipherState(Arrays.copyOf(keys, HASH_BYTES)),
                new CipherState(Arrays.copyOfRange(keys, HASH_BYTES, 2 * HASH_BYTES)));
    }

    /** HKDF with two outputs, one after the other. */
    private byte[] derive(byte[] inputKeyMaterial) {
        var temporary = hmac(chainingKey, inputKeyMaterial);
        var first = hmac(temporary, new byte[] {1});
        var second = hmac(temporary, first, new byte[] {2});
        var both = Arrays.copyOf(first, 2 * HASH_BYTES);
        System.arraycopy(second, 0, both, HASH_BYTES, HASH_BYTES);
        return both;
    }

    private static byte[] hmac(byte[] key, byte[]... parts) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            for (var part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no HmacSHA256", missing);
        }
    }

    /** What {@link #split} gives. */
    record Ciphers(CipherState initiator, CipherState responder) {}
}
