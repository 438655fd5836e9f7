package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.mux.YamuxFrame.Flags;

/**
 * One yamux stream.
 *
 * <p>The verbs of {@link MuxedStream} are for the application and block; the others are for the
 * session and do not. A writer takes credit before it hands over bytes, so what is queued here can
 * always be sent and no stream waits for another's reader.
 */
final class YamuxStream extends BlockingStream {
    private static final int QUEUED_BYTES_MAX = 1 << 20;

    /** After so many bytes a long write has the event loop begin. */
    private static final int SIGNAL_BYTES = 256 << 10;

    /** Who waits for so little is woken for it; who waits for more, when no more comes for now. */
    private static final int PROMPT_BYTES = 4096;

    /** A window of bulk starts with so much. */
    private static final int BULK_WINDOW_BYTES = 1 << 20;

    private static final long CREDIT_MAX = 0xffff_ffffL;

    private final YamuxSession session;
    private final int id;

    private final AtomicBoolean signalled = new AtomicBoolean();
    private boolean hasTurn;
    private boolean acknowledged;
    private boolean wakeIsDue;
    private volatile Purpose purpose = Purpose.ORDINARY;

    // Guarded by the lock, as is what is inherited.

    private final ReceiveWindow window;
    private int creditOwed;
    private final SendQueue sending;
    private long credit = ReceiveWindow.INITIAL_BYTES;
    private boolean endSent;

    /** What the first frame to the remote must say: SYN or ACK, then nothing. */
    private Flags introduction;

    private boolean mustIntroduce;
    private @Nullable StreamError resetToSend;
    private long closedAt;
    private boolean lingers;

    YamuxStream(YamuxSession session, int id, Flags introduction) {
        super(session.scheduler());
        this.session = session;
        this.id = id;
        this.introduction = introduction;
        this.window = new ReceiveWindow(session.nanoTime());
        this.sending = new SendQueue(session.room(), session.budget());
    }

    int id() {
        return id;
    }

    // For the application.

    @Override
    public void purpose(Purpose changed) {
        lock.lock();
        try {
            purpose = changed;
            if (changed == Purpose.BULK && !remoteEnded && !hasFailed()) {
                owe(window.raise(BULK_WINDOW_BYTES, this::grow));
            }
        } finally {
            lock.unlock();
        }
    }

    Purpose purpose() {
        return purpose;
    }

    /** What is only sent back is worth no memory. */
    private int grow(int size, int wanted) {
        return echoed != null ? 0 : session.budget().grow(size, wanted, purpose);
    }

    /** A stream that is read before it is written must tell the remote that it exists. */
    @Override
    void beforeReading() {
        if (introduction.syn() && sending.isEmpty()) {
            mustIntroduce = true;
            session.signal(this);
        }
    }

    @Override
    void taken(int bytes) {
        if (!remoteEnded && !hasFailed()) {
            owe(window.take(bytes, session.nanoTime(), session::roundTrip, this::grow));
        }
    }

    /** Lets the remote send {@code grant} more bytes. */
    private void owe(int grant) {
        if (grant > 0) {
            creditOwed += grant;
            session.signal(this);
        }
    }

    @Override
    void send(MemorySegment source) throws IOException, InterruptedException {
        int unsignalled = 0;
        for (long at = 0; at < source.byteSize(); ) {
            var frame = reserve(source.byteSize() - at);
            int length = frame.filling();
            try {
                frame.fill(session.allocator(), source, at);
            } finally {
                commit(frame);
            }
            at += length;
            unsignalled += length;
            if (unsignalled >= SIGNAL_BYTES) {
                session.signal(this);
                unsignalled = 0;
            }
            writing.step(length);
        }
        session.signal(this);
    }

    /** Waits until at least one byte may be sent, and takes the credit for up to one frame. */
    private SendQueue.Frame reserve(long wanted) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                checkOpen();
                checkWritable();
                if (credit > 0 && hasRoom()) {
                    var frame =
                            sending.reserve(
                                    (int) Math.min(wanted, Math.min(credit, Integer.MAX_VALUE)));
                    credit -= frame.filling();
                    return frame;
                }
                session.signal(this);
                await(writing);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom() {
        return sending.isEmpty()
                || (sending.bytes() < QUEUED_BYTES_MAX && session.budget().hasRoom());
    }

    private void commit(SendQueue.Frame frame) throws StreamResetException {
        lock.lock();
        try {
            if (!sending.commit(frame)) {
                checkOpen();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    void sendBack(IntConsumer observer) {
        while (!received.isEmpty() && credit > 0 && hasRoom() && !endRequested && !hasFailed()) {
            var chunk = received.poll();
            var frame = sending.reserve((int) Math.min(chunk.readableBytes(), credit));
            int length = frame.filling();
            credit -= length;
            try {
                var bytes = MemorySegment.ofBuffer(chunk.nioBuffer(chunk.readerIndex(), length));
                frame.fill(session.allocator(), bytes, 0);
                chunk.skipBytes(length);
            } finally {
                sending.commit(frame);
                if (chunk.isReadable()) {
                    received.back(chunk);
                } else {
                    chunk.release();
                }
            }
            taken(length);
            observer.accept(length);
        }
        if (!sending.isEmpty()) {
            session.signal(this);
        }
    }

    @Override
    boolean inEventLoop() {
        return session.inEventLoop();
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
                taken(unread);
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
            if (!hasFailed()) {
                if (!isFinished()) {
                    resetToSend = reason;
                }
                drop("stream was reset on this side");
            }
        } finally {
            lock.unlock();
        }
        session.signal(this);
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

    /**
     * Takes {@code length} announced bytes off {@code message}.
     *
     * @return whether {@link #wakeReader} must be called before long
     */
    boolean receive(ByteBuf message, int length) {
        lock.lock();
        try {
            if (discards) {
                message.skipBytes(length);
                taken(length);
                return false;
            }
            received.add(message, length);
            if (echoed != null) {
                reading.renew();
                echo();
                return false;
            }
            if (length <= PROMPT_BYTES) {
                reading.signal();
                return false;
            }
        } finally {
            lock.unlock();
        }
        boolean first = !wakeIsDue;
        wakeIsDue = true;
        return first;
    }

    void wakeReader() {
        wakeIsDue = false;
        lock.lock();
        try {
            reading.signal();
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
            echo();
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
            drop("the remote reset the stream: " + StreamError.describe(code));
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

    private void drop(String reason) {
        discards = true;
        received.clear();
        end(reason, null);
    }

    private void end(String reason, @Nullable IOException because) {
        fail(reason, because);
        sending.clear();
        wake();
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
            if (hasFailed()) {
                return null;
            }
            if (creditOwed > 0 && !remoteEnded) {
                int grant = creditOwed;
                creditOwed = 0;
                return new YamuxFrame.WindowUpdate(introduce(), id, grant);
            }
            if (endRequested && !endSent && sending.isEmpty()) {
                endSent = true;
                return new YamuxFrame.WindowUpdate(introduce().withFin(), id, 0);
            }
            if (mustIntroduce && introduction.syn() && sending.isEmpty()) {
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
            return sending.isReady();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next data frame with its header in place, or null. The end never travels with data: js
     * takes it for the end as soon as it reads the header, and loses what of a long frame is still
     * on its way.
     */
    @Nullable ByteBuf nextData() {
        lock.lock();
        try {
            var frame = sending.poll();
            if (frame == null) {
                return null;
            }
            putHeader(frame, introduce());
            if (sending.bytes() <= QUEUED_BYTES_MAX / 2) {
                writing.signal();
                echo();
            }
            return frame;
        } finally {
            lock.unlock();
        }
    }

    private void putHeader(ByteBuf frame, Flags flags) {
        int end = frame.writerIndex();
        int length = frame.readableBytes() - YamuxFrame.HEADER_BYTES;
        frame.writerIndex(frame.readerIndex());
        new YamuxFrame.Data(flags, id, length).write(frame);
        frame.writerIndex(end);
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
            return (hasFailed() && resetToSend == null) || (endSent && remoteEnded);
        } finally {
            lock.unlock();
        }
    }

    /** Whether our side closed it longer than {@code limit} ago and the remote still has not. */
    boolean lingersFor(Duration limit) {
        lock.lock();
        try {
            return lingers
                    && !hasFailed()
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
