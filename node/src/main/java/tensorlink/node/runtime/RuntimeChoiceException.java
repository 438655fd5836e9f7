package tensorlink.node.runtime;

import java.io.IOException;

/** What was to be computed with is not there, or does not fit. */
public final class RuntimeChoiceException extends IOException {
    private static final long serialVersionUID = 1;

    RuntimeChoiceException(String what, String reason) {
        super(what + ": " + reason);
    }
}
