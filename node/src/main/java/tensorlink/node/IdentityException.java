package tensorlink.node;

import java.io.IOException;
import java.nio.file.Path;

/** A file of a node's identity cannot be used; says which and why, and never shows a secret. */
public final class IdentityException extends IOException {
    private static final long serialVersionUID = 1;

    IdentityException(Path file, String problem) {
        super("identity file " + file + " " + problem);
    }
}
