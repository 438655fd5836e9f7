package tensorlink.node.network;

import com.google.protobuf.ByteString;
import java.util.Locale;

/**
 * RFC 4648 base 32 without padding, in lower case: survives mail, chat, speech and double clicks,
 * as it has neither 0, 1, 8 and 9 nor punctuation.
 */
final class CopySafeText {
    private static final String DIGITS = "abcdefghijklmnopqrstuvwxyz234567";
    private static final int BITS = 5;

    private CopySafeText() {}

    static String encode(ByteString bytes) {
        var text = new StringBuilder();
        int held = 0;
        int bits = 0;
        for (byte next : bytes) {
            held = ((held << Byte.SIZE) | (next & 0xff)) & 0xfff;
            bits += Byte.SIZE;
            while (bits >= BITS) {
                bits -= BITS;
                text.append(DIGITS.charAt((held >> bits) & 31));
            }
        }
        if (bits > 0) {
            text.append(DIGITS.charAt((held << (BITS - bits)) & 31));
        }
        return text.toString();
    }

    /**
     * Reads what {@link #encode} wrote, in either case.
     *
     * @throws IllegalArgumentException for anything else, saying where
     */
    static ByteString decode(String text) {
        var bytes = ByteString.newOutput(text.length() * BITS / Byte.SIZE);
        var lower = text.toLowerCase(Locale.ROOT);
        int held = 0;
        int bits = 0;
        for (int i = 0; i < lower.length(); i++) {
            int digit = DIGITS.indexOf(lower.charAt(i));
            if (digit < 0) {
                throw new IllegalArgumentException(
                        "character " + (i + 1) + " is none of a-z and 2-7");
            }
            held = ((held << BITS) | digit) & 0xfff;
            bits += BITS;
            if (bits >= Byte.SIZE) {
                bits -= Byte.SIZE;
                bytes.write((held >> bits) & 0xff);
            }
        }
        if (bits >= BITS || (held & ((1 << bits) - 1)) != 0) {
            throw new IllegalArgumentException(text.length() + " characters end in half a byte");
        }
        return bytes.toByteString();
    }
}
