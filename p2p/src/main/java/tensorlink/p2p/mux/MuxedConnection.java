package tensorlink.p2p.mux;

import java.io.IOException;

/** A connection that carries streams. Safe for use by any thread. */
public interface MuxedConnection {

    /**
     * Opens a stream; the remote learns of it with the first bytes.
     *
     * @throws IOException when the connection is closing or carries too many streams
     */
    MuxedStream open() throws IOException, InterruptedException;

    /** Whether streams can still be opened. */
    boolean isOpen();

    /** Sends what was written, then ends the connection and resets its streams; does not wait. */
    void close();

    /** Receives what the remote does to a connection; called on its event loop, must not block. */
    interface Events {
        /** The remote opened {@code stream}. */
        void opened(MuxedStream stream);

        /**
         * Asks for {@code bytes} of memory that make streams faster; on any thread. False when they
         * are needed elsewhere.
         */
        default boolean reserve(int bytes) {
            return true;
        }

        /** Gives back what {@link #reserve} granted; on any thread. */
        default void release(int bytes) {}

        /** The connection is over, in order or not. Called once. */
        void closed(IOException reason);
    }
}
