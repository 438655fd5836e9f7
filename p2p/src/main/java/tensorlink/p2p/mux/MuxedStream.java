package tensorlink.p2p.mux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import tensorlink.p2p.core.TrafficClass;

/**
 * A {@link tensorlink.p2p.core.Stream} before its protocol is known; the methods mean what they
 * mean there.
 */
public interface MuxedStream {
    int read(MemorySegment target) throws IOException, InterruptedException;

    void write(MemorySegment source) throws IOException, InterruptedException;

    void closeWrite() throws IOException;

    void close();

    /** Abandons the stream and tells the remote why. */
    void reset(StreamError reason);

    void timeout(Duration limit);

    /**
     * Runs {@code action}, which must not block, once the connection holds nothing of this stream
     * any more: both directions are over, or it was reset. Called at most once.
     */
    void whenOver(Runnable action);

    void traffic(TrafficClass kind);

    /** How many bytes can be read without waiting. */
    int available();
}
