package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.eip712.Keccak;

/** A word of 32 bytes: a hash, an id or a salt. */
public record Bytes32(ByteString bytes) {
    public static final int SIZE = 32;
    public static final Bytes32 ZERO = new Bytes32(ByteString.copyFrom(new byte[SIZE]));

    public Bytes32 {
        if (bytes.size() != SIZE) {
            throw new IllegalArgumentException(
                    "a word has " + SIZE + " bytes, not " + bytes.size());
        }
    }

    /** The Keccak-256 of {@code content}. */
    public static Bytes32 keccak(ByteString content) {
        return new Bytes32(Keccak.hash(content));
    }

    /** The Keccak-256 of {@code text} in UTF-8: how a unit such as {@code "token"} is named. */
    public static Bytes32 keccak(String text) {
        return keccak(ByteString.copyFromUtf8(text));
    }

    /** Reads {@code 0x} and 64 hexadecimal digits. */
    public static Bytes32 parse(String text) {
        return new Bytes32(Hex.parse(text, SIZE));
    }

    /** {@code 0x} and 64 lower-case hexadecimal digits. */
    @Override
    public String toString() {
        return Hex.format(bytes);
    }
}
