package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.Optional;

/**
 * A secp256k1 signature in the one form that this ledger and its contracts know: r ‖ s ‖ v, 65
 * bytes, with 0 &lt; r &lt; n, 0 &lt; s ≤ n/2 and v 27 or 28.
 *
 * <p>The high-s twin that any signature has, v of 0 or 1 and the 64-byte form are refused here, so
 * that one signed message has one signature and Java and Solidity agree on it.
 */
public record Signature65(ByteString bytes) {
    public static final int SIZE = 65;

    private static final int V_EVEN = 27;

    public Signature65 {
        if (bytes.size() != SIZE) {
            throw new IllegalArgumentException(
                    "a signature has " + SIZE + " bytes, not " + bytes.size());
        }
        int v = bytes.byteAt(SIZE - 1) & 0xff;
        if (v != V_EVEN && v != V_EVEN + 1) {
            throw new IllegalArgumentException("signature v is 27 or 28, not " + v);
        }
        var r = number(bytes, 0);
        if (r.signum() == 0 || r.compareTo(Secp256k1.N) >= 0) {
            throw new IllegalArgumentException("signature r is outside 1 to n-1");
        }
        var s = number(bytes, Bytes32.SIZE);
        if (s.signum() == 0 || s.compareTo(Secp256k1.HALF_N) > 0) {
            throw new IllegalArgumentException("signature s is outside 1 to n/2");
        }
    }

    /** Reads {@code 0x} and 130 hexadecimal digits. */
    public static Signature65 parse(String text) {
        return new Signature65(Hex.parse(text, SIZE));
    }

    /**
     * Joins the numbers, taking the low one of s and its twin; {@code odd} tells of the point of r.
     */
    static Signature65 of(BigInteger r, BigInteger s, boolean odd) {
        boolean high = s.compareTo(Secp256k1.HALF_N) > 0;
        int v = V_EVEN + (odd != high ? 1 : 0);
        return new Signature65(
                Secp256k1.word(r)
                        .concat(Secp256k1.word(high ? Secp256k1.N.subtract(s) : s))
                        .concat(ByteString.copyFrom(new byte[] {(byte) v})));
    }

    /**
     * Whose key signed {@code digest}; empty when no key can have. About half a millisecond of
     * computing, so check what is cheap before.
     */
    public Optional<Account> signer(Bytes32 digest) {
        return Secp256k1.recover(
                digest,
                number(bytes, 0),
                number(bytes, Bytes32.SIZE),
                bytes.byteAt(SIZE - 1) == V_EVEN + 1);
    }

    /** Whether {@code account} signed {@code digest}. */
    public boolean isBy(Account account, Bytes32 digest) {
        return signer(digest).filter(account::equals).isPresent();
    }

    /** {@code 0x} and 130 lower-case hexadecimal digits. */
    @Override
    public String toString() {
        return Hex.format(bytes);
    }

    private static BigInteger number(ByteString bytes, int at) {
        return new BigInteger(1, bytes.substring(at, at + Bytes32.SIZE).toByteArray());
    }
}
