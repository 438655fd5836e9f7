package tensorlink.compute;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * A SHA-256.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Digest(String hex) {
    public static final int BYTES = 32;

    public Digest {
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a SHA-256: \"" + hex + "\"");
        }
    }

    public static Digest of(byte[] content) {
        return ofHash(sha256().digest(content));
    }

    public static Digest of(MemorySegment content) {
        var hash = sha256();
        hash(hash, content);
        return ofHash(hash.digest());
    }

    /** One digest that names them all: of the lines "name, space, digest", sorted by name. */
    public static Digest ofAll(Map<String, Digest> parts) {
        var hash = sha256();
        for (var part : new TreeMap<>(parts).entrySet()) {
            var line = part.getKey() + " " + part.getValue().hex() + "\n";
            hash.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return ofHash(hash.digest());
    }

    /** Wraps a finished hash of {@value #BYTES} bytes. */
    public static Digest ofHash(byte[] hash) {
        return new Digest(HexFormat.of().formatHex(hash));
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    /** A fresh SHA-256, for hashing in pieces. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyPlatformHasIt) {
            throw new IllegalStateException(everyPlatformHasIt);
        }
    }

    /** Feeds a segment of any size to {@code hash}. */
    public static void hash(MessageDigest hash, MemorySegment content) {
        for (long at = 0; at < content.byteSize(); at += PIECE) {
            long length = Math.min(PIECE, content.byteSize() - at);
            hash.update(content.asSlice(at, length).asByteBuffer());
        }
    }

    private static final long PIECE = 1L << 30;

    /** The first 12 digits, for people. */
    @Override
    public String toString() {
        return hex.substring(0, 12);
    }
}
