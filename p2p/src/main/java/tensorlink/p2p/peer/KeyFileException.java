package tensorlink.p2p.peer;

import java.io.IOException;
import java.nio.file.Path;

/**
 * An identity's file cannot be used; the message names the file, what is wrong and what was
 * expected.
 */
public final class KeyFileException extends IOException {
    private static final long serialVersionUID = 1;

    KeyFileException(Path path, String problem) {
        super("identity file " + path + " " + problem);
    }
}
