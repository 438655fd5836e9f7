package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Where a password to money comes from: a file, an open descriptor, or a person at a terminal;
 * never an argument or a variable, which others on the machine can read.
 */
final class Password {
    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description = "file with the password on its first line; else a prompt")
    private @Nullable Path file;

    @Option(
            names = "--password-fd",
            paramLabel = "NUMBER",
            description = "open descriptor to read the password from, such as 3 with 3<FILE")
    private @Nullable Integer descriptor;

    /**
     * The password, for the caller to wipe.
     *
     * @param isNew whether a person types it twice
     * @throws UsageException when there is none, it is empty or too long
     */
    char[] read(boolean isNew) throws IOException {
        if (file != null && descriptor != null) {
            throw new UsageException("--password-file and --password-fd: one, not both");
        }
        if (file != null) {
            return Passphrase.inFile(file);
        }
        if (descriptor != null) {
            if (descriptor < 0) {
                throw new UsageException("--password-fd " + descriptor + ": below 0");
            }
            return Passphrase.inFile(Path.of("/dev/fd/" + descriptor));
        }
        return Passphrase.typed(isNew, System.console(), "--password-file FILE");
    }
}
