package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.security.FrameRoom;

/**
 * The bytes of one yamux stream that wait to be sent, already in frames. A writer reserves room in
 * the last frame, or in a new one, copies into it and commits. While the event loop is busy, what
 * is written in small pieces leaves in large frames.
 *
 * <p>Everything is called with the stream's lock held, but {@link Frame#fill}, which copies; a
 * frame that is being filled is not sent.
 */
final class SendQueue {
    /** What a queued frame costs besides its bytes. */
    private static final int FRAME_OVERHEAD_BYTES = 128;

    /** The longest frame of a stream while its connection has more unsent than it should. */
    private static final int CROWDED_BYTES_MAX = 16 << 10;

    /** So much is allocated for the shortest frame, lest what follows needs another. */
    private static final int CAPACITY_MIN = 480;

    private final FrameRoom room;
    private final Budget budget;
    private final ArrayDeque<Frame> frames = new ArrayDeque<>();
    private int bytes;

    SendQueue(FrameRoom room, Budget budget) {
        this.room = room;
        this.budget = budget;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /** What waits, reserved room and overhead included. */
    int bytes() {
        return bytes;
    }

    /** Makes room for {@code wanted} bytes, or for as many as fit into one frame. */
    Frame reserve(int wanted) {
        var last = frames.peekLast();
        if (last != null && last.filling == 0 && last.length < last.capacity) {
            last.filling = Math.min(wanted, last.capacity - last.length);
            hold(last.filling);
            return last;
        }
        int capacityMax = budget.hasRoom() ? dataBytesMax() : CROWDED_BYTES_MAX;
        int length = Math.min(wanted, capacityMax);
        int capacity = Math.max(length, Math.max(bytes, CAPACITY_MIN));
        var frame = new Frame(Math.min(capacity, capacityMax), length);
        frames.addLast(frame);
        hold(length + FRAME_OVERHEAD_BYTES);
        return frame;
    }

    private int dataBytesMax() {
        return room.contentBytesMax() - YamuxFrame.HEADER_BYTES;
    }

    private void hold(int cost) {
        bytes += cost;
        budget.hold(cost);
    }

    private void free(int cost) {
        bytes -= cost;
        budget.free(cost);
    }

    /** What {@link #reserve} made room for is filled; false when that is of no use any more. */
    boolean commit(Frame frame) {
        frame.length += frame.filling;
        frame.filling = 0;
        if (frame.isAbandoned) {
            frame.release();
        }
        return !frame.isAbandoned;
    }

    /** Whether the first frame can be sent. */
    boolean isReady() {
        var first = frames.peekFirst();
        return first != null && first.filling == 0;
    }

    /** Takes out the first frame, if it {@link #isReady}, with room for its header. */
    @Nullable ByteBuf poll() {
        if (!isReady()) {
            return null;
        }
        var first = frames.removeFirst();
        free(first.length + FRAME_OVERHEAD_BYTES);
        return first.buffer;
    }

    void clear() {
        for (var frame : frames) {
            free(frame.length + frame.filling + FRAME_OVERHEAD_BYTES);
            if (frame.filling > 0) {
                frame.isAbandoned = true;
            } else {
                frame.release();
            }
        }
        frames.clear();
    }

    /** One frame to be. */
    final class Frame {
        private final int capacity;
        private int length;
        private int filling;
        private boolean isAbandoned;
        private @Nullable ByteBuf buffer;

        private Frame(int capacity, int filling) {
            this.capacity = capacity;
            this.filling = filling;
        }

        /** How many bytes are to be filled. */
        int filling() {
            return filling;
        }

        /** Copies {@link #filling} bytes of {@code source} from {@code at}. */
        void fill(ByteBufAllocator allocator, MemorySegment source, long at) {
            if (buffer == null) {
                buffer = room.allocate(allocator, YamuxFrame.HEADER_BYTES + capacity);
                buffer.writerIndex(buffer.writerIndex() + YamuxFrame.HEADER_BYTES);
            }
            copy(source, at, buffer, filling);
        }

        private void release() {
            if (buffer != null) {
                buffer.release();
            }
        }
    }

    private static void copy(MemorySegment source, long at, ByteBuf target, int length) {
        int start = target.writerIndex();
        if (target.hasArray()) {
            MemorySegment.copy(
                    source,
                    ValueLayout.JAVA_BYTE,
                    at,
                    target.array(),
                    target.arrayOffset() + start,
                    length);
        } else {
            var room = MemorySegment.ofBuffer(target.internalNioBuffer(start, length));
            MemorySegment.copy(source, at, room, 0, length);
        }
        target.writerIndex(start + length);
    }
}
