package tensorlink.p2p.core;

import java.io.IOException;

/**
 * The remote sent what its protocol forbids. The stream is reset and the peer loses standing; the
 * same request is not tried there again. Messages name the field, its value and the limit.
 */
public final class ProtocolViolation extends IOException {
    private static final long serialVersionUID = 1;

    public ProtocolViolation(String message) {
        super(message);
    }

    public ProtocolViolation(String message, Throwable cause) {
        super(message, cause);
    }
}
