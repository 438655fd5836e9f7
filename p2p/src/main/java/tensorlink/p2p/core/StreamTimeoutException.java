package tensorlink.p2p.core;

import java.io.IOException;

/** The remote neither sent nor took a byte for the stream's timeout. */
public final class StreamTimeoutException extends IOException {
    private static final long serialVersionUID = 1;

    public StreamTimeoutException(String message) {
        super(message);
    }
}
