package tensorlink.node.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the verbs that ask a running node about money share. */
final class LedgerVerb {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int FILE_BYTES_MAX = 32 << 10;

    private LedgerVerb() {}

    /** Reads a small JSON file. */
    static JsonNode read(Path file) throws IOException {
        byte[] bytes;
        try (var in = Files.newInputStream(file)) {
            bytes = in.readNBytes(FILE_BYTES_MAX + 1);
        }
        if (bytes.length > FILE_BYTES_MAX) {
            throw new UsageException(file + " has more than " + FILE_BYTES_MAX + " bytes");
        }
        try {
            return JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
        } catch (JacksonException malformed) {
            throw new UsageException(file + " is not JSON");
        }
    }
}
