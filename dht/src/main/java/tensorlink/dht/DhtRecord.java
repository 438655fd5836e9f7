package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A value stored under a key on the peers closest to it.
 *
 * @param key {@code /namespace/rest}, at most {@link Key#BYTES_MAX} bytes; the rest may be binary
 * @param value at most {@link DhtConfig.Bounds#recordBytesMax} bytes where it is stored
 */
public record DhtRecord(ByteString key, ByteString value) {

    public DhtRecord {
        if (key.isEmpty() || key.size() > Key.BYTES_MAX) {
            throw new IllegalArgumentException(
                    "record key of " + key.size() + " bytes, expected 1 to " + Key.BYTES_MAX);
        }
    }

    /** The part of {@code key} between its first two slashes; empty when there is none. */
    static Optional<String> namespace(ByteString key) {
        var text = key.toString(StandardCharsets.ISO_8859_1);
        int end = text.indexOf('/', 1);
        return text.startsWith("/") && end > 1
                ? Optional.of(text.substring(1, end))
                : Optional.empty();
    }
}
