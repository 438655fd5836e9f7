package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.util.HexFormat;

/** Hexadecimal text with its {@code 0x}, of one exact length. */
final class Hex {
    private Hex() {}

    static String format(ByteString bytes) {
        return "0x" + HexFormat.of().formatHex(bytes.toByteArray());
    }

    static ByteString parse(String text, int size) {
        if (!text.startsWith("0x") || text.length() != 2 + 2 * size) {
            throw new IllegalArgumentException(
                    "expected 0x and " + 2 * size + " hexadecimal digits, not " + shown(text));
        }
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(text, 2, text.length()));
        } catch (IllegalArgumentException notHex) {
            throw new IllegalArgumentException("not hexadecimal: " + shown(text), notHex);
        }
    }

    /** {@code text} as an error message may show it. */
    static String shown(String text) {
        return text.length() <= 140 ? "\"" + text + "\"" : text.length() + " characters";
    }
}
