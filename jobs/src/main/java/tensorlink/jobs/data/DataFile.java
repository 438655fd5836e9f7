package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are read whole, and no further than their limit. */
final class DataFile {
    private DataFile() {}

    /**
     * The content of a regular file.
     *
     * @throws DataFormatException when there is none, or more than {@code max} bytes
     */
    static byte[] bytes(Path file, int max) throws IOException {
        if (!Files.exists(file)) {
            throw new DataFormatException(file.toString(), "there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new DataFormatException(file.toString(), "not a regular file");
        }
        requireSize(file.toString(), Files.size(file), max);
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(max);
            if (in.read() >= 0) {
                throw new DataFormatException(
                        file.toString(), "grows while it is read past the limit of " + max);
            }
            return bytes;
        }
    }

    static void requireSize(String source, long bytes, long max) throws DataFormatException {
        if (bytes > max) {
            throw new DataFormatException(source, bytes + " bytes, limit " + max);
        }
    }

    /** Decodes strictly: no other encoding is guessed and nothing is replaced. */
    static String utf8(String source, byte[] content) throws DataFormatException {
        var in = ByteBuffer.wrap(content);
        var out = CharBuffer.allocate(content.length);
        if (StandardCharsets.UTF_8.newDecoder().decode(in, out, true).isError()) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += content[i] == '\n' ? 1 : 0;
            }
            throw new DataFormatException(
                    source + ":" + line,
                    "not UTF-8: byte 0x%02X at %d"
                            .formatted(content[in.position()], in.position()));
        }
        return out.flip().toString();
    }
}
