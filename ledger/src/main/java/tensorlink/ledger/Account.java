package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.util.Locale;
import tensorlink.ledger.eip712.Keccak;

/**
 * Who owns money: an Ethereum address, the last 20 bytes of the Keccak of a public key.
 *
 * <p>Its text carries the checksum of <a href="https://eips.ethereum.org/EIPS/eip-55">EIP-55</a> in
 * the case of its letters.
 */
public record Account(ByteString bytes) {
    public static final int SIZE = 20;

    /** Nobody: no key leads here. Stands for an absent arbiter. */
    public static final Account ZERO = new Account(ByteString.copyFrom(new byte[SIZE]));

    public Account {
        if (bytes.size() != SIZE) {
            throw new IllegalArgumentException(
                    "an account has " + SIZE + " bytes, not " + bytes.size());
        }
    }

    /** The account of 64 bytes of public key, or of any content: the end of its Keccak. */
    static Account ofHashed(ByteString content) {
        return new Account(Keccak.hash(content).substring(Keccak.BYTES - SIZE));
    }

    /**
     * Reads {@code 0x} and 40 hexadecimal digits: all in lower case, all in upper case, or in mixed
     * case with the right checksum.
     */
    public static Account parse(String text) {
        var account = new Account(Hex.parse(text, SIZE));
        var digits = text.substring(2);
        boolean unchecked =
                digits.equals(digits.toLowerCase(Locale.ROOT))
                        || digits.equals(digits.toUpperCase(Locale.ROOT));
        if (!unchecked && !account.toString().equals(text)) {
            throw new IllegalArgumentException(
                    "wrong checksum in account " + text + ": a digit is wrong, or its case");
        }
        return account;
    }

    /**
     * Refuses nobody where somebody is needed.
     *
     * @throws IllegalArgumentException when this is {@link #ZERO}
     */
    public void checkNamed(String field) {
        if (isZero()) {
            throw new IllegalArgumentException(field + " is the zero account, which nobody holds");
        }
    }

    public boolean isZero() {
        return equals(ZERO);
    }

    /** {@code 0x} and 40 hexadecimal digits whose case is the checksum. */
    @Override
    public String toString() {
        var text = new StringBuilder(Hex.format(bytes));
        var checksum = Hex.format(Keccak.hash(ByteString.copyFromUtf8(text.substring(2))));
        for (int i = 2; i < text.length(); i++) {
            if (checksum.charAt(i) >= '8') {
                text.setCharAt(i, Character.toUpperCase(text.charAt(i)));
            }
        }
        return text.toString();
    }
}
