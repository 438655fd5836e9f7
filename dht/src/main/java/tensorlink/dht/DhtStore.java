package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a {@link Dht} keeps what outlives it: whom it knew, and the records it held. Safe for use
 * by any thread.
 */
public interface DhtStore {

    /**
     * Reads what was last saved under {@code name}.
     *
     * @return empty when there is nothing
     * @throws IOException when it is longer than {@code bytesMax}, damaged or unreadable
     */
    Optional<ByteString> load(String name, int bytesMax) throws IOException;

    /** Replaces what is saved under {@code name}, entirely or not at all. */
    void save(String name, ByteString content) throws IOException;

    /** Keeps nothing. */
    static DhtStore none() {
        return NoStore.INSTANCE;
    }

    /** Keeps a file for each name in {@code folder}, which is made when needed. */
    static DhtStore folder(Path folder) {
        return new FolderStore(folder);
    }
}
