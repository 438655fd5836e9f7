package tensorlink.ledger.eip712;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/**
 * Hashes one value of a {@link StructType}, member by member. Used once, by one thread.
 *
 * <p>Each call must fit the member whose turn it is, in type and range; anything else is our bug
 * and an {@link IllegalArgumentException} or {@link IllegalStateException}.
 */
public final class StructHash {
    private static final int WORD = 32;
    private static final int ADDRESS = 20;
    private static final ByteString PREFIX = ByteString.copyFrom(new byte[] {0x19, 0x01});

    private final Iterator<StructType.Member> members;
    private ByteString words;

    StructHash(ByteString typeHash, List<StructType.Member> members) {
        this.members = members.iterator();
        this.words = typeHash;
    }

    /** A member of type {@code address}: 20 bytes. */
    public StructHash address(ByteString address) {
        next("address");
        return word(address, ADDRESS);
    }

    /** A member of type {@code uintN}: not negative and at most N bits. */
    public StructHash uint(BigInteger value) {
        var member = next("uint");
        if (value.signum() < 0 || value.bitLength() > member.bits()) {
            throw new IllegalArgumentException(
                    member.name() + " does not fit " + member.type() + ": " + value);
        }
        var digits = ByteString.copyFrom(value.toByteArray());
        return word(digits.substring(Math.max(0, digits.size() - WORD)), 0);
    }

    /** A member of type {@code uintN}: not negative and at most N bits. */
    public StructHash uint(long value) {
        return uint(BigInteger.valueOf(value));
    }

    /** A member of type {@code bytes32}. */
    public StructHash bytes32(ByteString value) {
        next("bytes32");
        return word(value, WORD);
    }

    /** A member of type {@code bytes}, of any length. */
    public StructHash bytes(ByteString value) {
        next("bytes");
        return word(Keccak.hash(value), WORD);
    }

    /** A member of type {@code string}, hashed as UTF-8. */
    public StructHash string(String value) {
        next("string");
        return word(Keccak.hash(ByteString.copyFromUtf8(value)), WORD);
    }

    /** {@code hashStruct} of EIP-712. */
    public ByteString hash() {
        if (members.hasNext()) {
            throw new IllegalStateException("no value for " + members.next().name());
        }
        return Keccak.hash(words);
    }

    /** What is signed: the struct's hash bound to the domain whose separator is given. */
    public ByteString digest(ByteString domainSeparator) {
        return Keccak.hash(PREFIX, domainSeparator, hash());
    }

    private StructType.Member next(String kind) {
        if (!members.hasNext()) {
            throw new IllegalStateException("a value too many: " + kind);
        }
        var member = members.next();
        boolean fits =
                kind.equals("uint") ? member.type().startsWith(kind) : member.type().equals(kind);
        if (!fits) {
            throw new IllegalStateException(
                    member.name() + " is " + member.type() + ", not " + kind);
        }
        return member;
    }

    /**
     * Appends {@code value} right-aligned in a word; {@code size} is what it must have, 0 for any.
     */
    private StructHash word(ByteString value, int size) {
        if (size != 0 && value.size() != size) {
            throw new IllegalArgumentException(value.size() + " bytes where " + size + " belong");
        }
        words = words.concat(ByteString.copyFrom(new byte[WORD - value.size()])).concat(value);
        return this;
    }
}
