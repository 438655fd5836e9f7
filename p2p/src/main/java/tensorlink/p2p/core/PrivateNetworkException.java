package tensorlink.p2p.core;

import java.io.IOException;

/** The other side has another key of a private network than we, or none. */
public final class PrivateNetworkException extends IOException {
    private static final long serialVersionUID = 1;

    public PrivateNetworkException(String message, Throwable cause) {
        super(message, cause);
    }
}
