package tensorlink.p2p.multiaddr;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import tensorlink.p2p.multiformats.ByteReader;
import tensorlink.p2p.multiformats.Multibase;
import tensorlink.p2p.multiformats.Multihash;

/** The forms that values in a {@link Multiaddr} take; each turns text into bytes and back. */
enum AddressValue {
    EMPTY {
        @Override
        ByteString parse(String text) {
            throw new IllegalArgumentException("takes no value");
        }

        @Override
        String format(ByteString bytes) {
            return "";
        }
    },
    IP4 {
        @Override
        ByteString parse(String text) {
            var parts = text.split("\\.", -1);
            if (parts.length != 4) {
                throw new IllegalArgumentException("not four numbers");
            }
            var bytes = new byte[4];
            for (int i = 0; i < 4; i++) {
                bytes[i] = (byte) decimal(parts[i], 255);
            }
            return ByteString.copyFrom(bytes);
        }

        @Override
        String format(ByteString bytes) {
            return (bytes.byteAt(0) & 0xff)
                    + "."
                    + (bytes.byteAt(1) & 0xff)
                    + "."
                    + (bytes.byteAt(2) & 0xff)
                    + "."
                    + (bytes.byteAt(3) & 0xff);
        }
    },
    IP6 {
        @Override
        ByteString parse(String text) {
            if (text.indexOf(':') < 0 || text.indexOf('%') >= 0) {
                throw new IllegalArgumentException("not an IPv6 address");
            }
            var bytes = InetAddress.ofLiteral(text).getAddress();
            return bytes.length == 16
                    ? ByteString.copyFrom(bytes)
                    : MAPPED_PREFIX.concat(ByteString.copyFrom(bytes));
        }

        @Override
        String format(ByteString bytes) {
            if (bytes.startsWith(MAPPED_PREFIX)) {
                return "::ffff:" + IP4.format(bytes.substring(12));
            }
            var groups = new int[8];
            for (int i = 0; i < 8; i++) {
                groups[i] = ((bytes.byteAt(2 * i) & 0xff) << 8) | (bytes.byteAt(2 * i + 1) & 0xff);
            }
            return compressed(groups);
        }
    },
    PORT {
        @Override
        ByteString parse(String text) {
            int port = decimal(text, 65_535);
            return ByteString.copyFrom(new byte[] {(byte) (port >>> 8), (byte) port});
        }

        @Override
        String format(ByteString bytes) {
            return Integer.toString(((bytes.byteAt(0) & 0xff) << 8) | (bytes.byteAt(1) & 0xff));
        }
    },
    PREFIX_LENGTH {
        @Override
        ByteString parse(String text) {
            return ByteString.copyFrom(new byte[] {(byte) decimal(text, 255)});
        }

        @Override
        String format(ByteString bytes) {
            return Integer.toString(bytes.byteAt(0) & 0xff);
        }
    },
    /** A domain name: at most 253 bytes in labels of at most 63. */
    HOST {
        @Override
        ByteString parse(String text) {
            return ByteString.copyFromUtf8(checked(text));
        }

        @Override
        String format(ByteString bytes) {
            return checked(utf8(bytes));
        }

        private String checked(String host) {
            check(host, false);
            if (host.getBytes(StandardCharsets.UTF_8).length > 253) {
                throw new IllegalArgumentException("name longer than 253 bytes");
            }
            for (var label : host.split("\\.", -1)) {
                if (label.getBytes(StandardCharsets.UTF_8).length > 63) {
                    throw new IllegalArgumentException("label longer than 63 bytes");
                }
            }
            return host;
        }
    },
    TEXT {
        @Override
        ByteString parse(String text) {
            return ByteString.copyFromUtf8(check(text, false));
        }

        @Override
        String format(ByteString bytes) {
            return check(utf8(bytes), false);
        }
    },
    /** An absolute file path; the bytes begin with the slash that in the text ends the name. */
    PATH {
        @Override
        ByteString parse(String text) {
            return ByteString.copyFromUtf8("/" + check(text, true));
        }

        @Override
        String format(ByteString bytes) {
            var path = utf8(bytes);
            if (!path.startsWith("/")) {
                throw new IllegalArgumentException("not an absolute path");
            }
            return check(path.substring(1), true);
        }
    },
    /** A path whose slashes are percent-encoded in the text and plain in the bytes. */
    ENCODED_PATH {
        @Override
        ByteString parse(String text) {
            check(text, false);
            var bytes = ByteString.newOutput();
            for (int i = 0; i < text.length(); i++) {
                char next = text.charAt(i);
                if (next != '%') {
                    bytes.write(ascii(next));
                } else if (i + 2 < text.length()) {
                    bytes.write((hex(text.charAt(i + 1)) << 4) | hex(text.charAt(i + 2)));
                    i += 2;
                } else {
                    throw new IllegalArgumentException("cut off after %");
                }
            }
            return bytes.toByteString();
        }

        @Override
        String format(ByteString bytes) {
            if (bytes.isEmpty()) {
                throw new IllegalArgumentException("empty");
            }
            var text = new StringBuilder();
            for (byte next : bytes) {
                boolean plain =
                        (next >= '0' && next <= '9')
                                || (next >= 'a' && next <= 'z')
                                || (next >= 'A' && next <= 'Z')
                                || UNRESERVED.indexOf(next) >= 0;
                if (plain) {
                    text.append((char) next);
                } else {
                    text.append('%')
                            .append(HEX.charAt((next >>> 4) & 15))
                            .append(HEX.charAt(next & 15));
                }
            }
            return text.toString();
        }

        private int ascii(char next) {
            if (next > '~') {
                throw new IllegalArgumentException("'" + next + "' is not percent-encoded");
            }
            return next;
        }

        private int hex(char digit) {
            int value = Character.digit(digit, 16);
            if (value < 0) {
                throw new IllegalArgumentException("'" + digit + "' after % is no digit");
            }
            return value;
        }
    },
    PEER {
        @Override
        ByteString parse(String text) {
            return Multihash.parsePeer(text).encode();
        }

        @Override
        String format(ByteString bytes) {
            return Multibase.BASE58.encode(Multihash.decode(bytes).encode());
        }
    },
    /** Any multihash, in multibase; printed in base64url like everywhere else. */
    CERTHASH {
        @Override
        ByteString parse(String text) {
            return checked(Multibase.decodePrefixed(text));
        }

        @Override
        String format(ByteString bytes) {
            return Multibase.BASE64URL.encodePrefixed(checked(bytes));
        }

        private ByteString checked(ByteString multihash) {
            var reader = new ByteReader(multihash);
            reader.varint();
            reader.take(reader.varint());
            if (reader.remaining() > 0) {
                throw new IllegalArgumentException("bytes after the end of a multihash");
            }
            return multihash;
        }
    },
    /** 56 characters of base32, a colon and a port that is not 0. */
    ONION3 {
        @Override
        ByteString parse(String text) {
            int colon = text.indexOf(':');
            if (colon != 56) {
                throw new IllegalArgumentException("not 56 characters and a port");
            }
            var host = Multibase.BASE32.decode(text.substring(0, colon));
            return host.concat(nonZero(PORT.parse(text.substring(colon + 1))));
        }

        @Override
        String format(ByteString bytes) {
            return Multibase.BASE32.encode(bytes.substring(0, 35))
                    + ":"
                    + PORT.format(nonZero(bytes.substring(35)));
        }

        private ByteString nonZero(ByteString port) {
            if (port.byteAt(0) == 0 && port.byteAt(1) == 0) {
                throw new IllegalArgumentException("port 0");
            }
            return port;
        }
    };

    private static final ByteString MAPPED_PREFIX =
            ByteString.copyFrom(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1});
    private static final String UNRESERVED = "-._~";
    private static final String HEX = "0123456789ABCDEF";

    /**
     * Turns what stands between two slashes into bytes.
     *
     * @throws IllegalArgumentException when the text has not this form
     */
    abstract ByteString parse(String text);

    /**
     * Turns bytes of the right size into text.
     *
     * @throws IllegalArgumentException when the bytes have not this form
     */
    abstract String format(ByteString bytes);

    private static String utf8(ByteString bytes) {
        if (!bytes.isValidUtf8()) {
            throw new IllegalArgumentException("not UTF-8");
        }
        return bytes.toStringUtf8();
    }

    private static String check(String text, boolean slashes) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("empty");
        }
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            if (next < ' ' || next == 0x7f || (next == '/' && !slashes)) {
                throw new IllegalArgumentException("character " + (int) next + " at " + i);
            }
        }
        return text;
    }

    private static int decimal(String text, int max) {
        if (text.isEmpty() || text.length() > 5 || (text.length() > 1 && text.charAt(0) == '0')) {
            throw new IllegalArgumentException("not a number from 0 to " + max);
        }
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new IllegalArgumentException("not a number from 0 to " + max);
            }
            value = 10 * value + digit;
        }
        if (value > max) {
            throw new IllegalArgumentException("above " + max);
        }
        return value;
    }

    /** RFC 5952: lower-case, and the longest run of at least two zero groups becomes {@code ::}. */
    private static String compressed(int[] groups) {
        int bestStart = -1;
        int bestLength = 1;
        for (int start = 0; start < 8; start++) {
            int length = 0;
            while (start + length < 8 && groups[start + length] == 0) {
                length++;
            }
            if (length > bestLength) {
                bestStart = start;
                bestLength = length;
            }
        }
        var text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }
}
