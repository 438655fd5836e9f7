package tensorlink.node.hub;

import java.io.IOException;

/** A hub has not what was asked for, or says what cannot be true. */
public final class HubException extends IOException {
    private static final long serialVersionUID = 1;

    HubException(String what, String reason) {
        super(what + ": " + reason);
    }
}
