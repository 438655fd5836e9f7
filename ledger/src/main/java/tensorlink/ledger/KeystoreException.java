package tensorlink.ledger;

import java.io.IOException;
import java.nio.file.Path;

/** A key file cannot be used: says which file and why, and never shows key material. */
public final class KeystoreException extends IOException {
    private static final long serialVersionUID = 1;

    KeystoreException(Path file, String problem) {
        super(file + ": " + problem);
    }

    KeystoreException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
