package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one stream that wait for their reader. A large payload is kept as a slice of the
 * message it came in; a small one is copied, else a stranger could make a byte hold a whole message
 * in memory. What is held is at most about four times what waits, plus one small chunk.
 */
final class ReceiveQueue {
    private static final int CHUNK_BYTES = 2048;
    private static final int SLICE_BYTES_MIN = 1024;
    private static final int SLICE_SHARE = 4;

    private final ArrayDeque<ByteBuf> chunks = new ArrayDeque<>();

    /** The last chunk, when there is room in it for more. */
    private @Nullable ByteBuf open;

    private int bytes;

    boolean isEmpty() {
        return bytes == 0;
    }

    int bytes() {
        return bytes;
    }

    /** Adds the next {@code length} bytes of {@code message}, and moves its reader index. */
    void add(ByteBuf message, int length) {
        bytes += length;
        if (length >= SLICE_BYTES_MIN && length * SLICE_SHARE >= message.capacity()) {
            chunks.addLast(message.readRetainedSlice(length));
            open = null;
            return;
        }
        int left = length;
        while (left > 0) {
            if (open == null || !open.isWritable()) {
                open = message.alloc().heapBuffer(CHUNK_BYTES, CHUNK_BYTES);
                chunks.addLast(open);
            }
            int part = Math.min(left, open.writableBytes());
            open.writeBytes(message, part);
            left -= part;
        }
    }

    /** Takes out the first chunk; its new owner releases it or puts the rest {@link #back}. */
    ByteBuf poll() {
        var first = chunks.removeFirst();
        if (chunks.isEmpty()) {
            open = null;
        }
        bytes -= first.readableBytes();
        return first;
    }

    /** Puts a chunk that was polled and still holds bytes before all others. */
    void back(ByteBuf chunk) {
        bytes += chunk.readableBytes();
        chunks.addFirst(chunk);
    }

    void clear() {
        for (var chunk : chunks) {
            chunk.release();
        }
        chunks.clear();
        open = null;
        bytes = 0;
    }

    /** Moves everything to memory that needs no release, for a reader that may never come. */
    void detach() {
        if (chunks.isEmpty()) {
            return;
        }
        var rest = new byte[bytes];
        int at = 0;
        for (var chunk : chunks) {
            int length = chunk.readableBytes();
            chunk.readBytes(rest, at, length);
            at += length;
        }
        clear();
        chunks.addLast(Unpooled.wrappedBuffer(rest));
        bytes = rest.length;
    }

    /**
     * Moves as much as fits. Noise leaves chunks on the heap; TLS and QUIC leave them outside.
     *
     * @return how many bytes
     */
    static int copy(ByteBuf chunk, MemorySegment target) {
        int count = (int) Math.min(chunk.readableBytes(), target.byteSize());
        if (chunk.hasArray()) {
            MemorySegment.copy(
                    chunk.array(),
                    chunk.arrayOffset() + chunk.readerIndex(),
                    target,
                    ValueLayout.JAVA_BYTE,
                    0,
                    count);
        } else {
            var bytes = MemorySegment.ofBuffer(chunk.nioBuffer(chunk.readerIndex(), count));
            MemorySegment.copy(bytes, 0, target, 0, count);
        }
        chunk.skipBytes(count);
        return count;
    }
}
