package tensorlink.p2p.mux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.IntConsumer;
import tensorlink.p2p.core.Purpose;

/**
 * A {@link tensorlink.p2p.core.Stream} before its protocol is known; the methods mean what they
 * mean there.
 */
public interface MuxedStream {
    int read(MemorySegment target) throws IOException, InterruptedException;

    void write(MemorySegment source) throws IOException, InterruptedException;

    /**
     * As {@link tensorlink.p2p.core.Stream#echo}, on the event loop.
     *
     * @param echoed hears how many bytes were sent back, on any thread; must not block
     */
    void echo(IntConsumer echoed) throws IOException, InterruptedException;

    void closeWrite() throws IOException, InterruptedException;

    void close();

    /** Abandons the stream and tells the remote why. */
    void reset(StreamError reason);

    void timeout(Duration limit);

    void purpose(Purpose kind);

    /**
     * Runs {@code action}, which must not block, once the connection holds nothing of this stream
     * any more: both directions are over, or it was reset.
     */
    void whenOver(Runnable action);

    /** How many bytes can be read without waiting. */
    int available();
}
