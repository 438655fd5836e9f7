package tensorlink.p2p.core;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The stream ended without an orderly close: either side reset it or the connection was lost. */
public final class StreamResetException extends IOException {
    private static final long serialVersionUID = 1;

    public StreamResetException(String message) {
        super(message);
    }

    public StreamResetException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
