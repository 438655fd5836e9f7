package tensorlink.p2p.core;

import java.io.IOException;

/** The remote serves none of the protocols that were asked for. */
public final class UnsupportedProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    public UnsupportedProtocolException(String message) {
        super(message);
    }
}
