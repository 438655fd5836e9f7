package tensorlink.node.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file of a commit.
 *
 * @param kind how the hub names its content
 * @param digest in hexadecimal
 */
record HubFile(String name, long size, Kind kind, String digest) {
    private static final int PIECE = 1 << 20;

    enum Kind {
        /** Large files: SHA-256 of the content. */
        LFS("SHA-256", 64),
        /** Small files, as git names them: SHA-1 of a line about the content, then the content. */
        GIT("SHA-1", 40),
        /** As Maven repositories name them: SHA-1 of the content. */
        MAVEN("SHA-1", 40);

        private final String algorithm;
        private final int digits;

        Kind(String algorithm, int digits) {
            this.algorithm = algorithm;
            this.digits = digits;
        }
    }

    HubFile {
        if (!digest.matches("[0-9a-f]{" + kind.digits + "}")) {
            throw new IllegalArgumentException("no " + kind.algorithm + " in hexadecimal");
        }
        if (size < 0) {
            throw new IllegalArgumentException(size + " bytes");
        }
    }

    /**
     * Compares a file with what it should be.
     *
     * @throws HubException when it is not
     */
    void requireContent(Path file) throws IOException {
        var hash = hash();
        if (kind == Kind.GIT) {
            hash.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        try (var in = Files.newInputStream(file)) {
            var piece = new byte[PIECE];
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                hash.update(piece, 0, count);
            }
        }
        var found = HexFormat.of().formatHex(hash.digest());
        if (!found.equals(digest)) {
            throw new HubException(name, kind.algorithm + " " + found + ", expected " + digest);
        }
    }

    private MessageDigest hash() {
        try {
            return MessageDigest.getInstance(kind.algorithm);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every JDK has both
        }
    }
}
