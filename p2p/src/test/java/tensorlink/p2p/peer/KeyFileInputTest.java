package tensorlink.p2p.peer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.BadInput;

/**
 * Key files without a passphrase, which come whole; what a passphrase leads to costs too much to be
 * tried often.
 */
class KeyFileInputTest extends BadInput {
    private static final Set<StandardOpenOption> REWRITE =
            Set.of(
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);

    @TempDir private static Path folder;

    private Path file;

    @SuppressWarnings("NullAway.Init")
    KeyFileInputTest() {
        super("key-file");
    }

    @BeforeAll
    void name() {
        file = folder.resolve("identity");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var ownerOnly =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        try (var channel = FileChannel.open(file, REWRITE, ownerOnly)) {
            channel.write(joined(pieces).asReadOnlyByteBuffer());
        }
        try {
            return KeyFile.loadOrCreate(file).toString();
        } catch (KeyFileException refused) {
            return refusal(refused).replace(file.toString(), "{}");
        }
    }
}
