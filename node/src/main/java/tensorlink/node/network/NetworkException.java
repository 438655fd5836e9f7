package tensorlink.node.network;

import java.io.IOException;

/** A network's description, key or invitation that cannot be used; the message says why. */
public final class NetworkException extends IOException {
    private static final long serialVersionUID = 1;

    public NetworkException(String message) {
        super(message);
    }

    public NetworkException(String message, Throwable cause) {
        super(message, cause);
    }
}
