package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tools.jackson.databind.JsonNode;

/**
 * Numbers and bytes as JSON-RPC writes them: {@code 0x} and hexadecimal digits. Reading is strict;
 * an answer that is otherwise is an {@link RpcFormatException} naming the field.
 */
final class RpcValue {
    /** In any one value; a contract's code is the longest that we ask for. */
    static final int DATA_BYTES_MAX = 64 << 10;

    private static final int SHOWN_MAX = 140;

    private RpcValue() {}

    /** A number as a parameter, without leading zeros. */
    static String quantity(long value) {
        return "0x" + Long.toHexString(value);
    }

    static String hex(ByteString bytes) {
        return "0x" + HexFormat.of().formatHex(bytes.toByteArray());
    }

    /** A number from 0 to 2<sup>63</sup>−1. */
    static long number(JsonNode node, String field) throws RpcFormatException {
        var value = integer(node, field);
        if (value.bitLength() > 63) {
            throw new RpcFormatException(field, "more than 2^63-1: " + shown(node.asString()));
        }
        return value.longValue();
    }

    /** A number of at most 256 bits. */
    static BigInteger integer(JsonNode node, String field) throws RpcFormatException {
        var digits = digits(node, field);
        if (digits.isEmpty() || digits.length() > 64) {
            throw new RpcFormatException(field, digits.length() + " digits, expected 1 to 64");
        }
        try {
            return new BigInteger(
                    1, HexFormat.of().parseHex(digits.length() % 2 == 0 ? digits : "0" + digits));
        } catch (IllegalArgumentException notHex) {
            throw new RpcFormatException(field, "not hexadecimal: " + shown(node.asString()));
        }
    }

    /** Bytes, at most {@link #DATA_BYTES_MAX}. */
    static ByteString data(JsonNode node, String field) throws RpcFormatException {
        var digits = digits(node, field);
        if (digits.length() > 2 * DATA_BYTES_MAX) {
            throw new RpcFormatException(
                    field, digits.length() / 2 + " bytes, at most " + DATA_BYTES_MAX);
        }
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(digits));
        } catch (IllegalArgumentException notHex) {
            throw new RpcFormatException(field, "not hexadecimal: " + shown(node.asString()));
        }
    }

    static Bytes32 word(JsonNode node, String field) throws RpcFormatException {
        var bytes = data(node, field);
        if (bytes.size() != Bytes32.SIZE) {
            throw new RpcFormatException(field, bytes.size() + " bytes, expected " + Bytes32.SIZE);
        }
        return new Bytes32(bytes);
    }

    static Account account(JsonNode node, String field) throws RpcFormatException {
        var bytes = data(node, field);
        if (bytes.size() != Account.SIZE) {
            throw new RpcFormatException(field, bytes.size() + " bytes, expected " + Account.SIZE);
        }
        return new Account(bytes);
    }

    /** An object, unless the answer is null. */
    static Optional<JsonNode> object(JsonNode node, String field) throws RpcFormatException {
        if (node.isNull()) {
            return Optional.empty();
        }
        if (!node.isObject()) {
            throw new RpcFormatException(field, "not an object: " + shown(node.toString()));
        }
        return Optional.of(node);
    }

    /** {@code text} as an error message may show it. */
    static String shown(String text) {
        return text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "…";
    }

    private static String digits(JsonNode node, String field) throws RpcFormatException {
        if (!node.isString() || !node.asString().startsWith("0x")) {
            throw new RpcFormatException(
                    field, "expected 0x and digits, not " + shown(node.toString()));
        }
        return node.asString().substring(2);
    }
}
