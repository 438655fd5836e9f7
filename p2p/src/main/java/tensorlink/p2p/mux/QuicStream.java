package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamResetException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;

/**
 * One stream of QUIC: where the event loop and the threads of an application meet.
 *
 * <p>Everything mutable below the lock is guarded by it. Bytes are only taken out of QUIC while
 * less than {@link #UNREAD_BYTES_MAX} of them wait here, so a reader that does not read fills
 * QUIC's window, which holds the remote back. A writer waits while as many wait for QUIC to take
 * them.
 */
final class QuicStream extends ChannelInboundHandlerAdapter implements MuxedStream {
    private static final int PART_BYTES = 64 << 10;
    private static final int QUEUED_BYTES_MAX = 8 * PART_BYTES;
    private static final int UNREAD_BYTES_MAX = 256 << 10;

    private final QuicSession session;
    private final Ending ending = new Ending();
    private final Runnable givesBack;

    private final ReentrantLock lock = new ReentrantLock();
    private final Wait reading;
    private final Wait writing;
    private final ReceiveQueue received = new ReceiveQueue();
    private @Nullable QuicStreamChannel channel;
    private boolean isReadRequested;
    private boolean remoteEnded;
    private boolean discards;
    private int queuedBytes;
    private boolean endRequested;
    private boolean remoteStopped;
    private boolean isOver;
    private @Nullable String failure;
    private @Nullable IOException cause;
    private Scheduler.@Nullable Task lingering;

    /**
     * @param givesBack is called once, when the stream is gone
     */
    QuicStream(QuicSession session, Runnable givesBack) {
        this.session = session;
        this.givesBack = givesBack;
        this.reading = new Wait(lock, session.scheduler());
        this.writing = new Wait(lock, session.scheduler());
    }

    /** Takes over {@code raw}, before anything is read from it. */
    void attach(QuicStreamChannel raw) {
        raw.config().setAutoRead(false);
        raw.config().setAllowHalfClosure(true);
        raw.pipeline().addLast(this);
        lock.lock();
        try {
            channel = raw;
        } finally {
            lock.unlock();
        }
    }

    private QuicStreamChannel channel() {
        if (channel == null) {
            throw new IllegalStateException("stream is not open yet");
        }
        return channel;
    }

    // For the application.

    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        if (target.byteSize() == 0) {
            return 0;
        }
        int count = 0;
        lock.lockInterruptibly();
        try {
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
            var chunk = received.poll();
            try {
                count = ReceiveQueue.copy(chunk, target);
            } finally {
                if (chunk.isReadable()) {
                    received.back(chunk);
                } else {
                    chunk.release();
                }
            }
            requestRead();
        } finally {
            lock.unlock();
        }
        reading.step(count);
        return count;
    }

    /** Has QUIC deliver more when there is room for it. */
    private void requestRead() {
        if (!isReadRequested
                && !remoteEnded
                && failure == null
                && received.bytes() < UNREAD_BYTES_MAX) {
            isReadRequested = true;
            channel().read();
        }
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        long at = 0;
        try {
            while (at < source.byteSize()) {
                int length = (int) Math.min(source.byteSize() - at, PART_BYTES);
                reserve(length);
                send(source.asSlice(at, length), length);
                at += length;
                writing.step(length);
            }
        } catch (StreamTimeoutException | InterruptedException | RuntimeException torn) {
            reset(StreamError.NONE);
            throw torn;
        }
    }

    private void reserve(int length) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                checkOpen();
                if (remoteStopped) {
                    throw new StreamResetException("the remote does not listen any more");
                }
                if (endRequested) {
                    throw new IOException("stream is closed for writing");
                }
                if (queuedBytes < QUEUED_BYTES_MAX) {
                    queuedBytes += length;
                    session.unsent(length);
                    return;
                }
                await(writing);
            }
        } finally {
            lock.unlock();
        }
    }

    private void send(MemorySegment part, int length) {
        var buffer = channel().alloc().directBuffer(length, length);
        MemorySegment.copy(
                part,
                ValueLayout.JAVA_BYTE,
                0,
                MemorySegment.ofBuffer(buffer.internalNioBuffer(0, length)),
                ValueLayout.JAVA_BYTE,
                0,
                length);
        buffer.writerIndex(length);
        var _ =
                channel()
                        .writeAndFlush(buffer)
                        .addListener(sent -> taken(length, sent.isSuccess()));
    }

    /** QUIC took {@code length} bytes, or never will. */
    private void taken(int length, boolean isSent) {
        lock.lock();
        try {
            queuedBytes -= length;
            session.unsent(-length);
            remoteStopped |= !isSent;
            writing.signal();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void closeWrite() throws StreamResetException {
        lock.lock();
        try {
            checkOpen();
            end();
        } finally {
            lock.unlock();
        }
    }

    /** Says, after all that was written, that there is no more. */
    private void end() {
        if (!endRequested) {
            endRequested = true;
            var _ = channel().writeAndFlush(QuicStreamFrame.EMPTY_FIN);
        }
    }

    private void checkOpen() throws StreamResetException {
        if (failure != null) {
            throw new StreamResetException(failure, cause);
        }
    }

    /** What still comes is read and dropped: a remote that is told to stop would see an error. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (discards) {
                return;
            }
            discards = true;
            received.clear();
            wake();
            if (failure == null) {
                end();
                requestRead();
                if (!remoteEnded) {
                    lingering =
                            session.scheduler()
                                    .after(session.lingerTimeout(), () -> reset(StreamError.NONE));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void reset(StreamError reason) {
        lock.lock();
        try {
            if (failure == null && !isOver) {
                drop("stream was reset on this side", reason.code());
            }
        } finally {
            lock.unlock();
        }
    }

    private void drop(String reason, int code) {
        failure = reason;
        discards = true;
        received.clear();
        wake();
        session.wasReset();
        var raw = channel();
        raw.eventLoop()
                .execute(() -> {
                    var _ = raw.shutdown(code);
                    var _ = raw.close();
                });
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

    private void wake() {
        reading.signal();
        writing.signal();
    }

    // On the event loop.

    @Override
    public void channelActive(ChannelHandlerContext context) {
        lock.lock();
        try {
            requestRead();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        session.heard();
        var bytes = (ByteBuf) message;
        lock.lock();
        try {
            if (!discards) {
                received.add(bytes, bytes.readableBytes());
                reading.signal();
            }
        } finally {
            lock.unlock();
            bytes.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        lock.lock();
        try {
            isReadRequested = false;
            requestRead();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownReadComplete.INSTANCE) {
            lock.lock();
            try {
                remoteEnded = true;
                stopLingering();
                wake();
            } finally {
                lock.unlock();
            }
        }
    }

    private void stopLingering() {
        if (lingering != null) {
            lingering.cancel();
            lingering = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
        lock.lock();
        try {
            if (failure == null) {
                drop(
                        thrown instanceof QuicStreamResetException reset
                                ? "the remote reset the stream: "
                                        + StreamError.describe(
                                                (int) Math.max(0, reset.applicationProtocolCode()))
                                : "stream failed: " + thrown.getMessage(),
                        StreamError.NONE.code());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Both sides have ended, or the connection is gone; what had arrived can still be read. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lock.lock();
        try {
            if (isOver) {
                return;
            }
            isOver = true;
            stopLingering();
            if (failure == null && !(remoteEnded && endRequested)) {
                failure = "connection lost";
                cause = new IOException("the QUIC connection is gone");
            }
            if (discards) {
                received.clear();
            } else {
                received.detach();
            }
            wake();
        } finally {
            lock.unlock();
        }
        givesBack.run();
        ending.over();
    }
}
