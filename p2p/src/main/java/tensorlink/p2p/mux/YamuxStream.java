package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.mux.YamuxFrame.Flags;

/**
 * One yamux stream: where the event loop and the threads of an application meet.
 *
 * <p>Everything mutable below the lock is guarded by it, and nobody holds it for longer than it
 * takes to move a small buffer: the event loop must not wait for a copy. The verbs of {@link
 * MuxedStream} are for the application and block; the others are for the session and do not. A
 * writer takes credit before it hands over bytes, so what is queued here can always be sent and no
 * stream waits for another's reader.
 */
final class YamuxStream implements MuxedStream {
    /** With its header it fills one encrypted message, so no frame is ever split over two. */
    static final int FRAME_DATA_MAX = 65_507;

    private static final int QUEUED_BYTES_MAX = 8 * FRAME_DATA_MAX;
    private static final int SMALL_COPY_BYTES = 2048;
    private static final long CREDIT_MAX = 0xffff_ffffL;

    private final YamuxSession session;
    private final int id;

    private final Ending ending = new Ending();
    private final AtomicBoolean signalled = new AtomicBoolean();
    private boolean hasTurn;
    private boolean acknowledged;

    private final ReentrantLock lock = new ReentrantLock();
    private final Wait reading;
    private final Wait writing;

    private final ReceiveQueue received = new ReceiveQueue();
    private final ReceiveWindow window;
    private int creditOwed;
    private boolean remoteEnded;
    private boolean discards;

    private final ArrayDeque<ByteBuf> outgoing = new ArrayDeque<>();
    private int outgoingBytes;
    private long credit = ReceiveWindow.INITIAL_BYTES;
    private boolean endRequested;
    private boolean endSent;

    /** What the first frame to the remote must say: SYN or ACK, then nothing. */
    private Flags introduction;

    private boolean mustIntroduce;
    private @Nullable String failure;
    private @Nullable IOException cause;
    private @Nullable StreamError resetToSend;
    private long closedAt;
    private boolean lingers;

    YamuxStream(YamuxSession session, int id, Flags introduction) {
        this.session = session;
        this.id = id;
        this.introduction = introduction;
        this.reading = new Wait(lock, session.scheduler());
        this.writing = new Wait(lock, session.scheduler());
        this.window = new ReceiveWindow(session.nanoTime());
    }

    int id() {
        return id;
    }

    // For the application.

    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        if (target.byteSize() == 0) {
            return 0;
        }
        ByteBuf chunk;
        lock.lockInterruptibly();
        try {
            introduceBeforeWaiting();
            while (received.isEmpty()) {
                if (remoteEnded && !discards) {
                    return -1;
                }
                checkOpen();
                if (discards) {
                    throw new IOException("stream is closed");
                }
                await(reading);
            }
            chunk = received.poll();
            if (chunk.readableBytes() <= SMALL_COPY_BYTES) {
                return move(chunk, target);
            }
        } finally {
            lock.unlock();
        }
        return moveUnlocked(chunk, target);
    }

    /** A stream that is read before it is written must tell the remote that it exists. */
    private void introduceBeforeWaiting() {
        if (introduction.syn() && outgoing.isEmpty() && received.isEmpty()) {
            mustIntroduce = true;
            session.signal(this);
        }
    }

    /** Copies what fits; what does not, or cannot be copied, goes back. */
    private int move(ByteBuf chunk, MemorySegment target) {
        int count = 0;
        try {
            count = ReceiveQueue.copy(chunk, target);
        } finally {
            taken(chunk, count);
        }
        return count;
    }

    private int moveUnlocked(ByteBuf chunk, MemorySegment target) {
        int count = 0;
        try {
            count = ReceiveQueue.copy(chunk, target);
        } finally {
            lock.lock();
            try {
                taken(chunk, count);
            } finally {
                lock.unlock();
            }
        }
        reading.step(count);
        return count;
    }

    private void taken(ByteBuf chunk, int count) {
        if (chunk.isReadable() && !discards) {
            received.back(chunk);
            if (failure != null) {
                received.detach();
            }
        } else {
            chunk.release();
        }
        giveBack(count);
    }

    /** Returns credit to the remote once it is worth a frame. */
    private void giveBack(int bytes) {
        if (remoteEnded || failure != null) {
            return;
        }
        int grant =
                window.take(bytes, session.nanoTime(), session::roundTrip, session.budget()::grow);
        if (grant > 0) {
            creditOwed += grant;
            session.signal(this);
        }
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        long at = 0;
        try {
            while (at < source.byteSize()) {
                int length = reserve(source.byteSize() - at);
                enqueue(frame(source.asSlice(at, length)), length);
                at += length;
                writing.step(length);
            }
        } catch (StreamTimeoutException | InterruptedException | RuntimeException torn) {
            reset(StreamError.NONE);
            throw torn;
        }
    }

    /** Waits until at least one byte may be sent, and takes the credit for up to one frame. */
    private int reserve(long wanted) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                checkOpen();
                if (endRequested) {
                    throw new IOException("stream is closed for writing");
                }
                if (credit > 0 && hasRoom()) {
                    int length = (int) Math.min(Math.min(wanted, credit), FRAME_DATA_MAX);
                    credit -= length;
                    outgoingBytes += session.budget().charge(length);
                    return length;
                }
                await(writing);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom() {
        return outgoingBytes == 0
                || (outgoingBytes < QUEUED_BYTES_MAX && session.budget().hasRoom());
    }

    private ByteBuf frame(MemorySegment payload) {
        int length = (int) payload.byteSize();
        var frame = session.allocate(length);
        boolean complete = false;
        try {
            MemorySegment.copy(
                    payload,
                    ValueLayout.JAVA_BYTE,
                    0,
                    frame.array(),
                    frame.arrayOffset() + frame.writerIndex(),
                    length);
            frame.writerIndex(frame.writerIndex() + length);
            complete = true;
            return frame;
        } finally {
            if (!complete) {
                abandon(frame, length);
            }
        }
    }

    private void enqueue(ByteBuf frame, int length) throws StreamResetException {
        lock.lock();
        try {
            if (failure != null) {
                abandon(frame, length);
            }
            checkOpen();
            outgoing.addLast(frame);
        } finally {
            lock.unlock();
        }
        session.signal(this);
    }

    /** Gives back what was reserved for a frame that will not be sent. */
    private void abandon(ByteBuf frame, int length) {
        lock.lock();
        try {
            outgoingBytes -= session.budget().discharge(length);
        } finally {
            lock.unlock();
        }
        frame.release();
    }

    @Override
    public void closeWrite() throws StreamResetException {
        lock.lock();
        try {
            checkOpen();
            endRequested = true;
        } finally {
            lock.unlock();
        }
        session.signal(this);
    }

    private void checkOpen() throws StreamResetException {
        if (failure != null) {
            throw new StreamResetException(failure, cause);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (!discards) {
                discards = true;
                lingers = true;
                closedAt = session.nanoTime();
                int unread = received.bytes();
                received.clear();
                giveBack(unread);
                endRequested = true;
                wake();
            }
        } finally {
            lock.unlock();
        }
        session.signal(this);
    }

    @Override
    public void reset(StreamError reason) {
        lock.lock();
        try {
            if (failure == null) {
                if (!isFinished()) {
                    resetToSend = reason;
                }
                drop("stream was reset on this side", null);
            }
        } finally {
            lock.unlock();
        }
        session.signal(this);
    }

    @Override
    public void timeout(Duration limit) {
        lock.lock();
        try {
            reading.timeout(limit);
            writing.timeout(limit);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void whenOver(Runnable action) {
        ending.then(action);
    }

    /** The session knows this stream no more. */
    void forgotten() {
        ending.over();
    }

    @Override
    public int available() {
        lock.lock();
        try {
            return received.bytes();
        } finally {
            lock.unlock();
        }
    }

    private void await(Wait wait) throws StreamTimeoutException, InterruptedException {
        assert !session.inEventLoop() : "blocking on the event loop";
        wait.await();
    }

    // For the session, on the event loop.

    /** Notes that {@code length} bytes will come; false when the remote may not send so many. */
    boolean expect(long length) {
        lock.lock();
        try {
            return !remoteEnded && window.receive(length);
        } finally {
            lock.unlock();
        }
    }

    /** Takes {@code length} announced bytes off {@code message}. */
    void receive(ByteBuf message, int length) {
        lock.lock();
        try {
            if (discards) {
                message.skipBytes(length);
                giveBack(length);
            } else {
                received.add(message, length);
                reading.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The remote may be sent {@code bytes} more; false when that overflows. */
    boolean grant(long bytes) {
        lock.lock();
        try {
            if (credit + bytes > CREDIT_MAX) {
                return false;
            }
            credit += bytes;
            writing.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The remote will send no more. */
    void remoteEnd() {
        lock.lock();
        try {
            remoteEnded = true;
            wake();
        } finally {
            lock.unlock();
        }
    }

    /** The remote dropped the stream. */
    void remoteReset(int code) {
        lock.lock();
        try {
            resetToSend = null;
            drop("the remote reset the stream: " + StreamError.describe(code), null);
        } finally {
            lock.unlock();
        }
    }

    /** The connection is gone; what had arrived before can still be read. */
    void connectionLost(IOException reason) {
        lock.lock();
        try {
            end("connection lost: " + reason.getMessage(), reason);
            resetToSend = null;
            received.detach();
        } finally {
            lock.unlock();
        }
    }

    private void drop(String reason, @Nullable IOException because) {
        discards = true;
        received.clear();
        end(reason, because);
    }

    private void end(String reason, @Nullable IOException because) {
        if (failure == null) {
            failure = reason;
            cause = because;
        }
        while (!outgoing.isEmpty()) {
            var frame = outgoing.removeFirst();
            abandon(frame, YamuxSession.payload(frame));
        }
        wake();
    }

    private void wake() {
        reading.signal();
        writing.signal();
    }

    /** The next frame that need not wait for its turn, or null. */
    YamuxFrame.@Nullable WindowUpdate nextControl() {
        lock.lock();
        try {
            if (resetToSend != null) {
                var reason = resetToSend;
                resetToSend = null;
                boolean unheardOf = introduction.syn();
                return unheardOf ? null : new YamuxFrame.WindowUpdate(Flags.RST, id, reason.code());
            }
            if (failure != null) {
                return null;
            }
            if (creditOwed > 0 && !remoteEnded) {
                int grant = creditOwed;
                creditOwed = 0;
                return new YamuxFrame.WindowUpdate(introduce(), id, grant);
            }
            if (endRequested && !endSent && outgoingBytes == 0) {
                endSent = true;
                return new YamuxFrame.WindowUpdate(introduce().withFin(), id, 0);
            }
            if (mustIntroduce && introduction.syn() && outgoing.isEmpty()) {
                return new YamuxFrame.WindowUpdate(introduce(), id, 0);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    boolean hasData() {
        lock.lock();
        try {
            return !outgoing.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** The next data frame with its header in place, or null. */
    @Nullable ByteBuf nextData() {
        lock.lock();
        try {
            var frame = outgoing.pollFirst();
            if (frame == null) {
                return null;
            }
            int length = YamuxSession.payload(frame);
            outgoingBytes -= session.budget().discharge(length);
            YamuxSession.putHeader(frame, new YamuxFrame.Data(introduce(), id, length));
            if (outgoingBytes <= QUEUED_BYTES_MAX / 2) {
                writing.signal();
            }
            return frame;
        } finally {
            lock.unlock();
        }
    }

    private Flags introduce() {
        var flags = introduction;
        introduction = Flags.NONE;
        return flags;
    }

    /** Whether nothing more will be sent or received. */
    boolean isFinished() {
        lock.lock();
        try {
            return (failure != null && resetToSend == null) || (endSent && remoteEnded);
        } finally {
            lock.unlock();
        }
    }

    /** Whether our side closed it longer than {@code limit} ago and the remote still has not. */
    boolean lingersFor(Duration limit) {
        lock.lock();
        try {
            return lingers
                    && failure == null
                    && !remoteEnded
                    && session.nanoTime() - closedAt >= limit.toNanos();
        } finally {
            lock.unlock();
        }
    }

    // Marks that the session sets; the first from any thread, the others on the event loop.

    /** True when it was not yet marked as wanting something. */
    boolean markSignalled() {
        return signalled.compareAndSet(false, true);
    }

    void clearSignal() {
        signalled.set(false);
    }

    /** True when it was not yet waiting for its turn to send data. */
    boolean startTurn() {
        boolean starts = !hasTurn;
        hasTurn = true;
        return starts;
    }

    void endTurn() {
        hasTurn = false;
    }

    /** True when the remote had not yet acknowledged it. */
    boolean markAcknowledged() {
        boolean first = !acknowledged;
        acknowledged = true;
        return first;
    }

    int windowGrowth() {
        lock.lock();
        try {
            return window.grown();
        } finally {
            lock.unlock();
        }
    }
}
