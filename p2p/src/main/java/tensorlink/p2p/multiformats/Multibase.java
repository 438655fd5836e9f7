package tensorlink.p2p.multiformats;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.Base64;
import java.util.HexFormat;

/**
 * Bytes as text whose first character names the alphabet. The bases that libp2p uses: hexadecimal
 * {@code f}, base32 {@code b}, base36 {@code k}, base58btc {@code z}, base64 {@code m} and its
 * URL-safe form {@code u}, all without padding.
 */
public enum Multibase {
    BASE16('f') {
        @Override
        public String encode(ByteString bytes) {
            return HexFormat.of().formatHex(bytes.toByteArray());
        }

        @Override
        ByteString digits(String text) {
            return ByteString.copyFrom(HexFormat.of().parseHex(text));
        }
    },
    BASE32('b') {
        private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

        @Override
        public String encode(ByteString bytes) {
            var text = new StringBuilder();
            int bits = 0;
            int held = 0;
            for (byte next : bytes) {
                held = (held << 8) | (next & 0xff);
                bits += 8;
                while (bits >= 5) {
                    bits -= 5;
                    text.append(ALPHABET.charAt((held >>> bits) & 31));
                }
            }
            if (bits > 0) {
                text.append(ALPHABET.charAt((held << (5 - bits)) & 31));
            }
            return text.toString();
        }

        @Override
        ByteString digits(String text) {
            var bytes = new byte[text.length() * 5 / 8];
            int bits = 0;
            int held = 0;
            int at = 0;
            for (int i = 0; i < text.length(); i++) {
                held = (held << 5) | digit(ALPHABET, text, i);
                bits += 5;
                if (bits >= 8) {
                    bits -= 8;
                    bytes[at++] = (byte) (held >>> bits);
                }
            }
            if (bits >= 5 || (held & ((1 << bits) - 1)) != 0) {
                throw new IllegalArgumentException("base32 text ends in stray bits");
            }
            return ByteString.copyFrom(bytes);
        }
    },
    BASE36('k') {
        private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

        @Override
        public String encode(ByteString bytes) {
            return toRadix(ALPHABET, bytes);
        }

        @Override
        ByteString digits(String text) {
            return fromRadix(ALPHABET, text);
        }
    },
    BASE58('z') {
        private static final String ALPHABET =
                "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

        @Override
        public String encode(ByteString bytes) {
            return toRadix(ALPHABET, bytes);
        }

        @Override
        ByteString digits(String text) {
            return fromRadix(ALPHABET, text);
        }
    },
    BASE64('m') {
        @Override
        public String encode(ByteString bytes) {
            return Base64.getEncoder().withoutPadding().encodeToString(bytes.toByteArray());
        }

        @Override
        ByteString digits(String text) {
            return ByteString.copyFrom(Base64.getDecoder().decode(text));
        }
    },
    BASE64URL('u') {
        @Override
        public String encode(ByteString bytes) {
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
        }

        @Override
        ByteString digits(String text) {
            return ByteString.copyFrom(Base64.getUrlDecoder().decode(text));
        }
    };

    /** Converting to base 36 or 58 takes quadratic time, so no text may be longer than this. */
    public static final int TEXT_LENGTH_MAX = 1024;

    private final char prefix;

    Multibase(char prefix) {
        this.prefix = prefix;
    }

    /** The text of {@code bytes} without the leading character that names the base. */
    public abstract String encode(ByteString bytes);

    abstract ByteString digits(String text);

    /** The text of {@code bytes} with the leading character that names the base. */
    public String encodePrefixed(ByteString bytes) {
        return prefix + encode(bytes);
    }

    /**
     * Reads text in this base, without the leading character that names it.
     *
     * @throws IllegalArgumentException when a character is not of the alphabet
     */
    public ByteString decode(String text) {
        if (text.length() > TEXT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "text of " + text.length() + " characters, limit " + TEXT_LENGTH_MAX);
        }
        return digits(text);
    }

    /**
     * Reads text in whichever base its first character names.
     *
     * @throws IllegalArgumentException when the base is unknown or a character not of its alphabet
     */
    public static ByteString decodePrefixed(String text) {
        for (var base : values()) {
            if (!text.isEmpty() && text.charAt(0) == base.prefix) {
                return base.decode(text.substring(1));
            }
        }
        throw new IllegalArgumentException("no known base for \"" + text + "\"");
    }

    private static String toRadix(String alphabet, ByteString bytes) {
        var radix = BigInteger.valueOf(alphabet.length());
        var text = new StringBuilder();
        var rest = new BigInteger(1, bytes.toByteArray());
        while (rest.signum() > 0) {
            var parts = rest.divideAndRemainder(radix);
            text.append(alphabet.charAt(parts[1].intValue()));
            rest = parts[0];
        }
        for (int i = 0; i < bytes.size() && bytes.byteAt(i) == 0; i++) {
            text.append(alphabet.charAt(0));
        }
        return text.reverse().toString();
    }

    private static ByteString fromRadix(String alphabet, String text) {
        var radix = BigInteger.valueOf(alphabet.length());
        var value = BigInteger.ZERO;
        int zeros = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = digit(alphabet, text, i);
            if (digit == 0 && value.signum() == 0) {
                zeros++;
            }
            value = value.multiply(radix).add(BigInteger.valueOf(digit));
        }
        var magnitude = value.toByteArray();
        int skip = magnitude[0] == 0 ? 1 : 0;
        var bytes = new byte[zeros + magnitude.length - skip];
        System.arraycopy(magnitude, skip, bytes, zeros, magnitude.length - skip);
        return ByteString.copyFrom(bytes);
    }

    private static int digit(String alphabet, String text, int index) {
        int digit = alphabet.indexOf(text.charAt(index));
        if (digit < 0) {
            throw new IllegalArgumentException(
                    "character '"
                            + text.charAt(index)
                            + "' at "
                            + index
                            + " is not of the alphabet");
        }
        return digit;
    }
}
