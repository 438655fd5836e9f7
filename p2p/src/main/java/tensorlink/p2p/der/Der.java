package tensorlink.p2p.der;

import com.google.protobuf.ByteString;
import java.math.BigInteger;

/** Makes elements; what {@link DerReader} reads. */
public final class Der {
    private Der() {}

    /** An element around {@code parts}, one after the other. */
    public static ByteString of(DerTag tag, ByteString... parts) {
        var content = ByteString.EMPTY;
        for (var part : parts) {
            content = content.concat(part);
        }
        return ByteString.copyFrom(new byte[] {(byte) tag.number()})
                .concat(length(content.size()))
                .concat(content);
    }

    public static ByteString sequence(ByteString... parts) {
        return of(DerTag.SEQUENCE, parts);
    }

    /** A number that is not negative. */
    public static ByteString unsigned(BigInteger value) {
        if (value.signum() < 0) {
            throw new IllegalArgumentException("negative number " + value);
        }
        return of(DerTag.INTEGER, ByteString.copyFrom(value.toByteArray()));
    }

    /** A string of whole bytes. */
    public static ByteString bits(ByteString bytes) {
        return of(DerTag.BIT_STRING, ByteString.copyFrom(new byte[1]), bytes);
    }

    private static ByteString length(int size) {
        if (size < 0x80) {
            return ByteString.copyFrom(new byte[] {(byte) size});
        }
        var bytes = BigInteger.valueOf(size).toByteArray();
        int skip = bytes[0] == 0 ? 1 : 0;
        return ByteString.copyFrom(new byte[] {(byte) (0x80 | (bytes.length - skip))})
                .concat(ByteString.copyFrom(bytes, skip, bytes.length - skip));
    }
}
