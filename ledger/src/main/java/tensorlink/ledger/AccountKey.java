package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.random.RandomGenerator;

/**
 * The secret that spends an account's money: a secp256k1 key.
 *
 * <p>Separate from the peer's identity key, so that the process that shakes hands with strangers
 * need not hold the money; a {@link PeerBinding} joins the two. Kept on disk by {@link Keystore}.
 */
public final class AccountKey {
    private final BigInteger secret;
    private final Account account;

    private AccountKey(BigInteger secret) {
        this.secret = secret;
        this.account = Secp256k1.account(secret);
    }

    /** A new key. Real money wants a {@link java.security.SecureRandom}; tests want a seed. */
    public static AccountKey generate(RandomGenerator random) {
        var bytes = new byte[Bytes32.SIZE];
        while (true) {
            random.nextBytes(bytes);
            var secret = new BigInteger(1, bytes);
            if (valid(secret)) {
                return new AccountKey(secret);
            }
        }
    }

    /**
     * Takes over a key made elsewhere.
     *
     * @throws IllegalArgumentException when it is 0 or not below the order of the curve
     */
    public static AccountKey of(Bytes32 secret) {
        var number = new BigInteger(1, secret.bytes().toByteArray());
        if (!valid(number)) {
            throw new IllegalArgumentException("a secret is from 1 to n-1");
        }
        return new AccountKey(number);
    }

    public Account account() {
        return account;
    }

    /** Signs {@code digest}; the same digest always gives the same signature (RFC 6979). */
    public Signature65 sign(Bytes32 digest) {
        return Secp256k1.sign(digest, secret);
    }

    /**
     * Signs {@code message} for {@code domain} and no other.
     *
     * @throws IllegalArgumentException when the message names another signer
     */
    public <M extends Message> Signed<M> sign(Domain domain, M message) {
        if (!message.signer().equals(account)) {
            throw new IllegalArgumentException(account + " cannot sign for " + message.signer());
        }
        return new Signed<>(message, sign(message.digest(domain)));
    }

    /**
     * Pays once for loading classes and building curve tables, which costs the first signature up
     * to a second. Call it when a node starts, never first inside a handshake's deadline.
     */
    public static void warmUp() {
        var key = new AccountKey(BigInteger.TWO);
        key.sign(Bytes32.ZERO).signer(Bytes32.ZERO);
    }

    /** The 32 bytes of the secret, for {@link Keystore} alone. */
    ByteString secret() {
        return Secp256k1.word(secret);
    }

    private static boolean valid(BigInteger secret) {
        return secret.signum() > 0 && secret.compareTo(Secp256k1.N) < 0;
    }

    /** Whose key it is; never the key. */
    @Override
    public String toString() {
        return "AccountKey[" + account + "]";
    }
}
