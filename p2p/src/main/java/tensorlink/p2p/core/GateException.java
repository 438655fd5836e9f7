package tensorlink.p2p.core;

import java.io.IOException;

/** This host does not want to be connected with that peer or address. */
public final class GateException extends IOException {
    private static final long serialVersionUID = 1;

    public GateException(String message) {
        super(message);
    }
}
