package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import tensorlink.p2p.multiformats.Sha256;

/**
 * What the members of a private network share. Its text form shows a fingerprint, never the key.
 *
 * @param secret 32 bytes
 */
public record PreSharedKey(ByteString secret) {
    private static final int BYTES = 32;
    private static final int FILE_BYTES_MAX = 256;
    private static final ByteString FIRST_LINE = ByteString.copyFromUtf8("/key/swarm/psk/1.0.0/");
    private static final int FINGERPRINT_DIGITS = 8;

    public PreSharedKey {
        if (secret.size() != BYTES) {
            throw new IllegalArgumentException(
                    "pre-shared key of " + secret.size() + " bytes instead of " + BYTES);
        }
    }

    /** A new key for a new network. */
    public static PreSharedKey generate() {
        var secret = new byte[BYTES];
        new SecureRandom().nextBytes(secret);
        return new PreSharedKey(ByteString.copyFrom(secret));
    }

    /**
     * Reads a {@code swarm.key} file as the other implementations write it.
     *
     * @throws IOException naming the file and what is wrong with it, without the key
     */
    public static PreSharedKey load(Path file) throws IOException {
        long size = Files.size(file);
        if (size > FILE_BYTES_MAX) {
            throw new IOException(
                    "swarm key file " + file + " has " + size + " bytes, limit " + FILE_BYTES_MAX);
        }
        try {
            return parse(ByteString.copyFrom(Files.readAllBytes(file)));
        } catch (IllegalArgumentException malformed) {
            throw new IOException("swarm key file " + file + ": " + malformed.getMessage());
        }
    }

    /**
     * Reads the content of such a file: two lines that say what it is and in which encoding the
     * third is ({@code /base16/}, {@code /base64/} or {@code /bin/}).
     *
     * @throws IllegalArgumentException saying what is wrong, without the key
     */
    public static PreSharedKey parse(ByteString content) {
        int first = lineEnd(content, 0);
        int second = lineEnd(content, first + 1);
        if (!strip(content.substring(0, first)).equals(FIRST_LINE)) {
            throw new IllegalArgumentException("first line is not " + FIRST_LINE.toStringUtf8());
        }
        var encoding = strip(content.substring(first + 1, second)).toStringUtf8();
        var rest = content.substring(second + 1);
        return new PreSharedKey(
                switch (encoding) {
                    case "/base16/" -> base16(rest.toStringUtf8().strip());
                    case "/base64/" -> base64(rest.toStringUtf8().strip());
                    case "/bin/" -> rest.size() == BYTES + 1 ? rest.substring(0, BYTES) : rest;
                    default ->
                            throw new IllegalArgumentException(
                                    "encoding is none of /base16/, /base64/ and /bin/");
                });
    }

    private static int lineEnd(ByteString content, int from) {
        for (int at = from; at < content.size(); at++) {
            if (content.byteAt(at) == '\n') {
                return at;
            }
        }
        throw new IllegalArgumentException("fewer than three lines");
    }

    private static ByteString strip(ByteString line) {
        return ByteString.copyFromUtf8(line.toStringUtf8().strip());
    }

    private static ByteString base16(String text) {
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(text));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("key is not hexadecimal");
        }
    }

    private static ByteString base64(String text) {
        try {
            return ByteString.copyFrom(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("key is not base 64");
        }
    }

    /** The content of a {@code swarm.key} file: a secret. */
    public String text() {
        return FIRST_LINE.toStringUtf8()
                + "\n/base16/\n"
                + HexFormat.of().formatHex(secret.toByteArray())
                + "\n";
    }

    /** Tells keys apart without giving them away. */
    public String fingerprint() {
        var hash = Sha256.of(ByteString.copyFromUtf8("fingerprint:").concat(secret));
        return HexFormat.of().formatHex(hash.toByteArray()).substring(0, FINGERPRINT_DIGITS);
    }

    @Override
    public String toString() {
        return "PreSharedKey[" + fingerprint() + "]";
    }
}
