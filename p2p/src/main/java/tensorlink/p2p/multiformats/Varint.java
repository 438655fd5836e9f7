package tensorlink.p2p.multiformats;

import com.google.protobuf.ByteString;

/**
 * Unsigned varints of the multiformats rule: little-endian groups of seven bits, shortest form, at
 * most nine bytes (63 bits).
 */
public final class Varint {
    public static final int BYTES_MAX = 9;

    private Varint() {}

    /** How many bytes {@code value} takes. */
    public static int size(long value) {
        return Math.max(1, (64 - Long.numberOfLeadingZeros(nonNegative(value)) + 6) / 7);
    }

    public static ByteString encode(long value) {
        var bytes = new byte[size(value)];
        write(value, bytes, 0);
        return ByteString.copyFrom(bytes);
    }

    /** Writes {@code value} into {@code target} at {@code at} and returns the index after it. */
    public static int write(long value, byte[] target, int at) {
        long rest = nonNegative(value);
        int next = at;
        while (rest >= 0x80) {
            target[next++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[next++] = (byte) rest;
        return next;
    }

    private static long nonNegative(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("varint of negative value " + value);
        }
        return value;
    }

    /** Takes a varint byte by byte, for input that arrives in pieces. */
    public static final class Decoder {
        private long value;
        private int count;

        /**
         * Takes the next byte.
         *
         * @return whether it was the last one; {@link #value} is then the number
         * @throws IllegalArgumentException when the varint is too long or not in its shortest form
         */
        public boolean accept(byte next) {
            if (count == BYTES_MAX) {
                throw new IllegalArgumentException(
                        "varint takes more than " + BYTES_MAX + " bytes");
            }
            if (next == 0 && count > 0) {
                throw new IllegalArgumentException("varint is not in its shortest form");
            }
            value |= (long) (next & 0x7f) << (7 * count);
            count++;
            if (next < 0 && count == BYTES_MAX) {
                throw new IllegalArgumentException(
                        "varint takes more than " + BYTES_MAX + " bytes");
            }
            return next >= 0;
        }

        /** The number so far. */
        public long value() {
            return value;
        }

        /** Forgets the bytes taken, for the next varint. */
        public void reset() {
            value = 0;
            count = 0;
        }
    }
}
