package tensorlink.node;

import java.io.IOException;
import java.nio.file.Path;

/** Another node runs from the same home; two would overwrite each other's promises and jobs. */
public final class HomeInUseException extends IOException {
    private static final long serialVersionUID = 1;

    HomeInUseException(Path folder, String owner) {
        super("the home " + folder + " is in use by " + owner);
    }
}
