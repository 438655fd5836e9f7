package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamPriority;
import io.netty.handler.codec.quic.QuicStreamResetException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamResetException;

/**
 * One stream of QUIC.
 *
 * <p>Bytes are only taken out of QUIC while less than {@link #UNREAD_BYTES_MAX} of them wait here,
 * so a reader that does not read fills QUIC's window, which holds the remote back. A writer waits
 * while {@link #QUEUED_BYTES_MAX} wait for QUIC to take them.
 */
final class QuicStream extends BlockingStream implements QuicTurns.Taker {
    /**
     * What QUIC lets the remote send on a stream at first. Small, so that a hundred streams which
     * nobody reads take less than half of the connection's window: QUIC renews that when half of it
     * was read, and others could never read so much.
     */
    static final int INITIAL_WINDOW_BYTES = 64 << 10;

    /** In which steps the growth of a window is charged. */
    private static final int CHARGED_BYTES_MIN = 256 << 10;

    private static final int PART_BYTES = 64 << 10;
    private static final int QUEUED_BYTES_MAX = 4 * PART_BYTES;
    private static final int UNREAD_BYTES_MAX = 256 << 10;

    /**
     * The same of a reader of whom nobody knows yet that it reads. QUIC doubles the window of a
     * stream of which much is taken at once, and many of those would fill the connection's.
     */
    private static final int UNREAD_BYTES_FIRST = 16 << 10;

    /** What a reader has taken that is known to keep up. */
    private static final int PROVEN_BYTES = INITIAL_WINDOW_BYTES / 2;

    /** So that a read adds no more than {@link #PART_BYTES} to what waits. */
    private static final RecvByteBufAllocator READS = reads(PART_BYTES);

    private static final RecvByteBufAllocator FIRST_READS = reads(UNREAD_BYTES_FIRST / 2);

    /** Smaller is more urgent; this is the end of the scale. */
    private static final int URGENCY_LAST = 127;

    private static RecvByteBufAllocator reads(int bytesMax) {
        return new AdaptiveRecvByteBufAllocator(512, 2048, bytesMax).maxMessagesPerRead(1);
    }

    private final QuicSession session;
    private final Runnable givesBack;

    // Guarded by the lock, as is what is inherited.

    private @Nullable QuicStreamChannel channel;
    private boolean isReadRequested;
    private int unreadBytesMax = UNREAD_BYTES_FIRST;
    private int queuedBytes;
    private long takenBytes;
    private int windowGrowth;
    private volatile int urgency;
    private boolean remoteStopped;
    private boolean isOver;
    private Scheduler.@Nullable Task lingering;

    /**
     * @param givesBack is called once, when the stream is gone
     */
    QuicStream(QuicSession session, Runnable givesBack) {
        super(session.scheduler());
        this.session = session;
        this.givesBack = givesBack;
    }

    /** Takes over {@code raw}, before anything is read from it. */
    void attach(QuicStreamChannel raw) {
        raw.config().setAutoRead(false);
        raw.config().setRecvByteBufAllocator(FIRST_READS);
        raw.config().setAllowHalfClosure(true);
        raw.pipeline().addLast(new Events());
        lock.lock();
        try {
            channel = raw;
        } finally {
            lock.unlock();
        }
        prioritize(urgency(Purpose.ORDINARY));
    }

    private QuicStreamChannel channel() {
        if (channel == null) {
            throw new IllegalStateException("stream is not open yet");
        }
        return channel;
    }

    // For the application.

    @Override
    void beforeReading() {}

    @Override
    void taken(int bytes) {
        charge(bytes);
        if (received.isEmpty() && takenBytes >= PROVEN_BYTES && unreadBytesMax < UNREAD_BYTES_MAX) {
            unreadBytesMax = UNREAD_BYTES_MAX;
            channel().config().setRecvByteBufAllocator(READS);
        }
        if (received.bytes() <= unreadBytesMax / 2) {
            requestRead();
        }
    }

    /**
     * Counts the window as memory of the connection. QUIC has it grow where much is taken and tells
     * nobody, but it is never larger than what it began with and twice what was taken.
     */
    private void charge(int bytes) {
        takenBytes += bytes;
        long wanted = 2 * takenBytes - windowGrowth;
        if (wanted >= CHARGED_BYTES_MIN && !isOver) {
            int size = INITIAL_WINDOW_BYTES + windowGrowth;
            int step = (int) Math.min(wanted, Integer.MAX_VALUE);
            windowGrowth += session.budget().grow(size, step, Purpose.ORDINARY);
        }
    }

    /** Has QUIC deliver more when there is room for it. */
    private void requestRead() {
        if (!isReadRequested && !remoteEnded && !hasFailed() && received.bytes() < unreadBytesMax) {
            isReadRequested = true;
            channel().read();
        }
    }

    @Override
    void send(MemorySegment source) throws IOException, InterruptedException {
        for (long at = 0; at < source.byteSize(); ) {
            int length = (int) Math.min(source.byteSize() - at, PART_BYTES);
            reserve(length);
            send(source.asSlice(at, length), length);
            at += length;
            writing.step(length);
        }
    }

    private void reserve(int length) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                checkOpen();
                checkWritable();
                if (hasRoom()) {
                    queuedBytes += length;
                    session.hold(length);
                    return;
                }
                await(writing);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom() {
        return queuedBytes == 0 || (queuedBytes < QUEUED_BYTES_MAX && session.budget().hasRoom());
    }

    @Override
    void checkWritable() throws IOException {
        if (remoteStopped) {
            throw new StreamResetException("the remote does not listen any more");
        }
        super.checkWritable();
    }

    @Override
    void sendBack(IntConsumer observer) {
        while (!received.isEmpty()
                && hasRoom()
                && !endRequested
                && !remoteStopped
                && !hasFailed()) {
            var chunk = received.poll();
            int length = chunk.readableBytes();
            queuedBytes += length;
            session.hold(length);
            charge(length);
            write(chunk, length);
            observer.accept(length);
        }
        requestRead();
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
        write(buffer, length);
    }

    private void write(ByteBuf bytes, int length) {
        var raw = channel();
        if (inEventLoop() && queuedBytes > length) {
            // What another thread has written may still wait for the event loop: not before it.
            raw.eventLoop().execute(() -> write(raw, bytes, length));
        } else {
            write(raw, bytes, length);
        }
    }

    private void write(QuicStreamChannel raw, ByteBuf bytes, int length) {
        var _ = raw.writeAndFlush(bytes).addListener(sent -> taken(length, sent.isSuccess()));
    }

    /** QUIC took {@code length} bytes, or never will. */
    private void taken(int length, boolean isSent) {
        lock.lock();
        try {
            queuedBytes -= length;
            session.budget().free(length);
            remoteStopped |= !isSent;
            if (queuedBytes <= QUEUED_BYTES_MAX / 2 || remoteStopped) {
                writing.signal();
            }
            if (echoed != null && remoteStopped) {
                reading.signal();
            }
            echo();
        } finally {
            lock.unlock();
        }
        session.turns().sent(this, length);
    }

    @Override
    public boolean isWaiting() {
        lock.lock();
        try {
            return queuedBytes > 0 && !isOver;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void purpose(Purpose kind) {
        prioritize(urgency(kind));
    }

    /** Has QUIC send everything else before. */
    void sendLast() {
        prioritize(URGENCY_LAST);
    }

    private void prioritize(int urgency) {
        this.urgency = urgency;
        goesFirst(false);
    }

    @Override
    public void goesFirst(boolean isFirst) {
        var _ =
                channel()
                        .updatePriority(
                                new QuicStreamPriority(isFirst ? urgency - 1 : urgency, true));
    }

    private static int urgency(Purpose kind) {
        return switch (kind) {
            case CONTROL -> 1;
            case ORDINARY -> 64;
            case BULK -> 126;
        };
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
            if (!hasFailed()) {
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
            if (!hasFailed() && !isOver) {
                drop("stream was reset on this side", reason.code());
            }
        } finally {
            lock.unlock();
        }
    }

    private void drop(String reason, int code) {
        fail(reason, null);
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
    boolean inEventLoop() {
        return session.inEventLoop();
    }

    /** Hears of what QUIC does, on the event loop. */
    private final class Events extends ChannelInboundHandlerAdapter {
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
                    reading.renew();
                    echo();
                }
            } finally {
                lock.unlock();
                bytes.release();
            }
        }

        /**
         * Asks for more only after the packets that wait have been taken in, so that what they
         * carry is read at once and not packet by packet, and wakes the reader once for all of it.
         */
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.channel().eventLoop().execute(this::readNext);
        }

        private void readNext() {
            lock.lock();
            try {
                isReadRequested = false;
                requestRead();
                if (echoed == null) {
                    reading.signal();
                }
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
                if (!hasFailed()) {
                    drop(
                            thrown instanceof QuicStreamResetException reset
                                    ? "the remote reset the stream: "
                                            + StreamError.describe(
                                                    (int)
                                                            Math.max(
                                                                    0,
                                                                    reset
                                                                            .applicationProtocolCode()))
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
                if (!(remoteEnded && endRequested)) {
                    fail("connection lost", new IOException("the QUIC connection is gone"));
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
            session.turns().gone(QuicStream.this);
            session.budget().shrink(windowGrowth);
            givesBack.run();
            over();
        }
    }
}
