package tensorlink.p2p.core;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;

/**
 * An ordered, reliable, flow-controlled pair of byte pipes to one peer, for one protocol.
 *
 * <p>Reads and writes block the calling thread, which should be virtual and never an event loop.
 * One thread may read while another writes; two readers, or two writers, need a lock of their own.
 * What the remote has not consumed holds the writer back: bytes in flight are bounded by the
 * receiver's window.
 *
 * <p>{@link #close()} ends both directions in order; {@link #reset()} drops everything at once and
 * frees both sides.
 */
public interface Stream extends AutoCloseable {
    /** So much at most does {@link #echo} move at once. */
    int ECHO_BYTES = 4096;

    /** What the two sides agreed this stream carries. */
    ProtocolId protocol();

    /** The connection this stream runs over; its remote peer is proven. */
    Connection connection();

    /**
     * Waits for bytes and copies as many as there are, at most {@code target.byteSize()}. A wait
     * that is interrupted or times out takes nothing and leaves the stream usable.
     *
     * @return how many bytes were written to the front of {@code target}, at least 1; or -1 when
     *     the remote has closed its side
     * @throws StreamResetException when either side reset the stream or the connection was lost
     * @throws StreamTimeoutException when nothing came for the {@linkplain #timeout timeout}
     */
    int read(MemorySegment target) throws IOException, InterruptedException;

    /**
     * Sends all bytes of {@code source}, waiting for window credit as needed. When this returns the
     * segment may be reused; the bytes need not have left this machine.
     *
     * <p>A write that is interrupted or times out resets the stream, because a part of the bytes
     * may be on the way and the remote could not tell a torn message from a whole one.
     *
     * @throws StreamResetException when either side reset the stream or the connection was lost
     * @throws StreamTimeoutException when no credit came for the {@linkplain #timeout timeout}
     */
    void write(MemorySegment source) throws IOException, InterruptedException;

    /**
     * Sends back whatever comes, until the remote ends its direction. A host's own streams do so
     * without waking a thread for it, and keep no more than the first window of what the remote
     * does not take back.
     *
     * <p>Nothing else may read or write meanwhile. When the wait is interrupted or times out, what
     * has not been sent back can still be read.
     *
     * @throws StreamResetException when either side reset the stream or the connection was lost
     * @throws StreamTimeoutException when nothing came for the {@linkplain #timeout timeout}
     */
    default void echo() throws IOException, InterruptedException {
        var bytes = MemorySegment.ofArray(new byte[ECHO_BYTES]);
        for (int count = read(bytes); count >= 0; count = read(bytes)) {
            write(bytes.asSlice(0, count));
        }
    }

    /** Ends our direction after what was written; the remote's reads then return -1. */
    void closeWrite() throws IOException, InterruptedException;

    /** Abandons the stream in both directions without waiting; idempotent, never throws. */
    void reset();

    /**
     * Ends our direction and stops listening to the remote's; idempotent. Bytes written before are
     * still delivered; bytes that arrive later are dropped.
     */
    @Override
    void close();

    /**
     * Bounds every later wait for the remote in {@link #read} and {@link #write}; {@link
     * Duration#ZERO}, the default, waits without end.
     */
    void timeout(Duration limit);

    /** Says what this stream is for; without that it is {@link Purpose#ORDINARY}. */
    void purpose(Purpose kind);

    /**
     * Fills {@code target} completely.
     *
     * @throws EOFException when the remote closed before the segment was full
     */
    default void readFully(MemorySegment target) throws IOException, InterruptedException {
        long filled = 0;
        while (filled < target.byteSize()) {
            int count = read(target.asSlice(filled));
            if (count < 0) {
                throw new EOFException(
                        "stream ended after " + filled + " of " + target.byteSize() + " bytes");
            }
            filled += count;
        }
    }

    /**
     * Reads one message preceded by its length as an unsigned varint.
     *
     * @param bytesMax the longest message accepted, checked before anything is allocated
     * @return the message; empty messages are legal
     * @throws EOFException when the remote closed before the whole message
     * @throws ProtocolViolation when the length is malformed or exceeds {@code bytesMax}
     */
    default ByteString readMessage(int bytesMax) throws IOException, InterruptedException {
        return LengthPrefix.read(this, bytesMax);
    }

    /**
     * As {@link #readMessage}, for protocols in which the remote may end its direction between two
     * messages.
     *
     * @return empty when it did
     */
    default Optional<ByteString> nextMessage(int bytesMax)
            throws IOException, InterruptedException {
        return LengthPrefix.next(this, bytesMax);
    }

    /** Sends {@code message} preceded by its length as an unsigned varint, in one write. */
    default void writeMessage(ByteString message) throws IOException, InterruptedException {
        LengthPrefix.write(this, message);
    }
}
