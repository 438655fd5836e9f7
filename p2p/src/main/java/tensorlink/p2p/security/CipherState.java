package tensorlink.p2p.security;

import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * ChaCha20-Poly1305 with a counting nonce: one direction of a Noise channel. Works in place,
 * because that is as fast as into a second array and leaves the cache to the data. One thread at a
 * time.
 */
final class CipherState {
    static final int TAG_BYTES = 16;

    private static final int NONCE_BYTES = 12;
    private static final byte[] EMPTY = new byte[0];

    /** 2^64 - 1 is reserved by the specification. */
    private static final long NONCE_END = -1;

    private final SecretKeySpec key;
    private final Cipher cipher;
    private final byte[] nonceBytes = new byte[NONCE_BYTES];
    private long nonce;

    CipherState(byte[] key) {
        this(key, 0);
    }

    CipherState(byte[] key, long nonce) {
        this.key = new SecretKeySpec(key, "ChaCha20");
        this.nonce = nonce;
        try {
            this.cipher = Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", missing);
        }
    }

    void encrypt(byte[] bytes, int offset, int length) throws ProtocolViolation {
        encrypt(EMPTY, bytes, offset, length);
    }

    /** Encrypts in place and writes the tag into the {@value #TAG_BYTES} bytes that follow. */
    void encrypt(byte[] associated, byte[] bytes, int offset, int length) throws ProtocolViolation {
        try {
            start(Cipher.ENCRYPT_MODE, associated);
            cipher.doFinal(bytes, offset, length, bytes, offset);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("encryption failed", impossible);
        }
    }

    int decrypt(byte[] bytes, int offset, int length) throws ProtocolViolation {
        return decrypt(EMPTY, bytes, offset, length);
    }

    /**
     * Decrypts in place.
     *
     * @param length of ciphertext and tag
     * @return the length of the plaintext
     * @throws ProtocolViolation when the tag does not fit; the bytes are then still ciphertext
     */
    int decrypt(byte[] associated, byte[] bytes, int offset, int length) throws ProtocolViolation {
        if (length < TAG_BYTES) {
            throw new ProtocolViolation(
                    "Noise ciphertext of " + length + " bytes, expected at least " + TAG_BYTES);
        }
        try {
            start(Cipher.DECRYPT_MODE, associated);
            return cipher.doFinal(bytes, offset, length, bytes, offset);
        } catch (AEADBadTagException forged) {
            throw new ProtocolViolation("Noise message is not authentic", forged);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("decryption failed", impossible);
        }
    }

    private void start(int mode, byte[] associated)
            throws GeneralSecurityException, ProtocolViolation {
        if (nonce == NONCE_END) {
            throw new ProtocolViolation("Noise channel has used up its nonces");
        }
        for (int i = 0; i < 8; i++) {
            nonceBytes[4 + i] = (byte) (nonce >>> (8 * i));
        }
        nonce++;
        cipher.init(mode, key, new IvParameterSpec(nonceBytes));
        if (associated.length > 0) {
            cipher.updateAAD(associated);
        }
    }
}
