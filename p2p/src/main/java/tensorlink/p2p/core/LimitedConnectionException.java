package tensorlink.p2p.core;

import java.io.IOException;

/** A protocol that is not allowed to run there was wanted over a limited connection. */
public final class LimitedConnectionException extends IOException {
    private static final long serialVersionUID = 1;

    public LimitedConnectionException(String message) {
        super(message);
    }
}
