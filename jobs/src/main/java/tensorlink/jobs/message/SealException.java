package tensorlink.jobs.message;

import java.io.IOException;

/** A sealed message that this node does not accept: forged, stale, repeated or for elsewhere. */
public final class SealException extends IOException {
    private static final long serialVersionUID = 1;

    public SealException(String message) {
        super(message);
    }

    public SealException(String message, Throwable cause) {
        super(message, cause);
    }
}
