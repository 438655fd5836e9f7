package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;

/**
 * Money in the ledger's smallest unit: a whole number from 0 to 2<sup>128</sup>−1, as in the
 * contracts' {@code uint128}. Arithmetic is exact; what does not fit is an {@link
 * AmountOverflowException}, never a wrapped or rounded number.
 */
public record Amount(BigInteger value) implements Comparable<Amount> {
    /** Bytes of the encoded form, big-endian. */
    public static final int SIZE = 16;

    public static final Amount ZERO = new Amount(BigInteger.ZERO);
    public static final Amount MAX =
            new Amount(BigInteger.TWO.pow(8 * SIZE).subtract(BigInteger.ONE));

    private static final int DIGITS_MAX = 39;

    public Amount {
        if (value.signum() < 0 || value.bitLength() > 8 * SIZE) {
            throw new AmountOverflowException(shown(value) + " is not from 0 to 2^128-1");
        }
    }

    public static Amount of(long value) {
        return new Amount(BigInteger.valueOf(value));
    }

    /** Reads 1 to 39 decimal digits. */
    public static Amount parse(String text) {
        if (text.isEmpty() || text.length() > DIGITS_MAX || !text.chars().allMatch(Amount::digit)) {
            throw new IllegalArgumentException(
                    "an amount is 1 to " + DIGITS_MAX + " decimal digits, not " + Hex.shown(text));
        }
        return new Amount(new BigInteger(text));
    }

    /** Reads {@value #SIZE} bytes, most significant first. */
    public static Amount decode(ByteString bytes) {
        if (bytes.size() != SIZE) {
            throw new IllegalArgumentException(
                    "an amount has " + SIZE + " bytes, not " + bytes.size());
        }
        return new Amount(new BigInteger(1, bytes.toByteArray()));
    }

    /** {@value #SIZE} bytes, most significant first. */
    public ByteString encode() {
        var digits = value.toByteArray();
        int length = Math.min(digits.length, SIZE);
        return ByteString.copyFrom(new byte[SIZE - length])
                .concat(ByteString.copyFrom(digits, digits.length - length, length));
    }

    public Amount plus(Amount other) {
        return result(value.add(other.value), " + ", other);
    }

    /** What is left; an {@link AmountOverflowException} when {@code other} is larger. */
    public Amount minus(Amount other) {
        return result(value.subtract(other.value), " - ", other);
    }

    /** This price for {@code units}, which are not negative. */
    public Amount times(long units) {
        return result(value.multiply(BigInteger.valueOf(units)), " * ", units);
    }

    public Amount min(Amount other) {
        return compareTo(other) <= 0 ? this : other;
    }

    public boolean isZero() {
        return value.signum() == 0;
    }

    public boolean isMoreThan(Amount other) {
        return compareTo(other) > 0;
    }

    @Override
    public int compareTo(Amount other) {
        return value.compareTo(other.value);
    }

    /** Decimal digits. */
    @Override
    public String toString() {
        return value.toString();
    }

    private Amount result(BigInteger result, String operator, Object other) {
        if (result.signum() < 0 || result.bitLength() > 8 * SIZE) {
            throw new AmountOverflowException(
                    this + operator + other + " is not from 0 to 2^128-1");
        }
        return new Amount(result);
    }

    private static String shown(BigInteger value) {
        return value.bitLength() <= 256
                ? value.toString()
                : "a number of " + value.bitLength() + " bits";
    }

    private static boolean digit(int character) {
        return character >= '0' && character <= '9';
    }
}
