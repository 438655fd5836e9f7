package tensorlink.p2p.der;

import com.google.protobuf.ByteString;
import java.math.BigInteger;

/** Walks over elements from front to back. A structure is read by a reader of its content. */
public final class DerReader {
    private static final int LENGTH_BYTES_MAX = 3;

    private final ByteString bytes;
    private int at;

    public DerReader(ByteString bytes) {
        this.bytes = bytes;
    }

    public boolean hasNext() {
        return at < bytes.size();
    }

    /** Whether another element comes and it is of this kind. */
    public boolean isNext(DerTag tag) {
        return hasNext() && Byte.toUnsignedInt(bytes.byteAt(at)) == tag.number();
    }

    /**
     * Takes the content of the next element.
     *
     * @throws IllegalArgumentException when it is of another kind, cut off or has no minimal length
     */
    public ByteString content(DerTag tag) {
        if (!isNext(tag)) {
            throw new IllegalArgumentException(
                    "DER: expected " + tag + " at byte " + at + ", got " + describeNext());
        }
        at++;
        int length = length();
        if (length > bytes.size() - at) {
            throw new IllegalArgumentException(
                    "DER: "
                            + tag
                            + " of "
                            + length
                            + " bytes, but "
                            + (bytes.size() - at)
                            + " left");
        }
        var content = bytes.substring(at, at + length);
        at += length;
        return content;
    }

    /** As {@link #content}, with tag and length. */
    public ByteString element(DerTag tag) {
        int start = at;
        var _ = content(tag);
        return bytes.substring(start, at);
    }

    /** Takes a SEQUENCE. */
    public DerReader sequence() {
        return new DerReader(content(DerTag.SEQUENCE));
    }

    /** Takes an INTEGER that must be minimal and not negative. */
    public BigInteger unsigned() {
        var content = content(DerTag.INTEGER);
        if (content.isEmpty()
                || content.byteAt(0) < 0
                || (content.size() > 1 && content.byteAt(0) == 0 && content.byteAt(1) >= 0)) {
            throw new IllegalArgumentException("DER: INTEGER is negative or not minimal");
        }
        return new BigInteger(1, content.toByteArray());
    }

    /** Takes a BIT STRING of whole bytes. */
    public ByteString bits() {
        var content = content(DerTag.BIT_STRING);
        if (content.isEmpty() || content.byteAt(0) != 0) {
            throw new IllegalArgumentException("DER: BIT_STRING is not made of whole bytes");
        }
        return content.substring(1);
    }

    /**
     * States that nothing is left.
     *
     * @throws IllegalArgumentException when something is
     */
    public void end() {
        if (hasNext()) {
            throw new IllegalArgumentException(
                    "DER: " + (bytes.size() - at) + " bytes after the end");
        }
    }

    private String describeNext() {
        return hasNext() ? "tag " + Byte.toUnsignedInt(bytes.byteAt(at)) : "the end";
    }

    private int length() {
        int first = next();
        if (first < 0x80) {
            return first;
        }
        int count = first & 0x7f;
        if (count == 0 || count > LENGTH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "DER: length of " + count + " bytes, expected 1 to " + LENGTH_BYTES_MAX);
        }
        int length = 0;
        for (int i = 0; i < count; i++) {
            length = (length << 8) | next();
        }
        if (length < 0x80 || length >>> (8 * (count - 1)) == 0) {
            throw new IllegalArgumentException("DER: length " + length + " is not minimal");
        }
        return length;
    }

    private int next() {
        if (!hasNext()) {
            throw new IllegalArgumentException("DER: length is cut off");
        }
        return Byte.toUnsignedInt(bytes.byteAt(at++));
    }
}
