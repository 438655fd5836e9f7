package tensorlink.p2p.core;

import java.io.IOException;

/**
 * Serves the streams that peers open for one protocol.
 *
 * <p>Each stream runs on a virtual thread of its own. When the handler returns the stream is
 * closed; when it throws, the stream is reset: a {@link ProtocolViolation} also counts against the
 * peer, an {@link IOException} does not, and anything unchecked is our bug and is logged with its
 * stack.
 */
@FunctionalInterface
public interface StreamHandler {
    void handle(Stream stream) throws IOException, InterruptedException;
}
