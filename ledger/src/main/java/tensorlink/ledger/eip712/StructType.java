package tensorlink.ledger.eip712;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;

/**
 * A struct type of EIP-712, such as {@code Deposit(address payer,uint128 cumulative)}.
 *
 * <p>Members may be {@code address}, {@code bytes32}, {@code bytes}, {@code string} and {@code
 * uintN}; nested structs and arrays are not needed by any of our messages and are refused.
 */
public final class StructType {
    private final ByteString hash;
    private final List<Member> members;

    record Member(String type, String name) {
        private static final String SUPPORTED = "address|bytes32|bytes|string|uint(8|64|128|256)";

        Member {
            if (!type.matches(SUPPORTED)) {
                throw new IllegalArgumentException("unsupported member type " + type);
            }
        }

        int bits() {
            return Integer.parseInt(type.substring("uint".length()));
        }
    }

    private StructType(ByteString hash, List<Member> members) {
        this.hash = hash;
        this.members = members;
    }

    /**
     * Reads {@code encodeType} of EIP-712: name, then members separated by commas without spaces.
     *
     * @throws IllegalArgumentException when the text is not a flat struct type
     */
    public static StructType of(String text) {
        int open = text.indexOf('(');
        if (open < 1 || !text.endsWith(")")) {
            throw new IllegalArgumentException("not a struct type: " + text);
        }
        var members = new ArrayList<Member>();
        for (var member : text.substring(open + 1, text.length() - 1).split(",", -1)) {
            var words = member.split(" ", -1);
            if (words.length != 2) {
                throw new IllegalArgumentException("not a member: \"" + member + "\" in " + text);
            }
            members.add(new Member(words[0], words[1]));
        }
        return new StructType(Keccak.hash(ByteString.copyFromUtf8(text)), List.copyOf(members));
    }

    /** {@code typeHash}: the Keccak of the type's text. */
    public ByteString hash() {
        return hash;
    }

    /** Starts hashing one value; its members follow in the order of the type's text. */
    public StructHash values() {
        return new StructHash(hash, members);
    }
}
