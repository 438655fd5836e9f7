package tensorlink.p2p.mux;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamLimitChangedEvent;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;

/**
 * One QUIC connection as a carrier of streams. QUIC itself counts streams and windows and notices
 * when the other side is gone; what is left to do here is to keep silence from being taken for
 * that.
 */
final class QuicSession extends ChannelInboundHandlerAdapter implements MuxedConnection {
    private static final Logger log = LoggerFactory.getLogger(QuicSession.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration CLOSE_CHECK = Duration.ofMillis(10);

    /** QUIC lets the window of a connection grow no further. */
    private static final int WINDOW_BYTES_MAX = 24 << 20;

    /** Netty remembers a stream that was reset for as long as its connection lives. */
    private static final int RESETS_MAX = 100_000;

    /** A stream with just this and an end is understood everywhere and asks for nothing. */
    private static final byte[] SIGN_OF_LIFE =
            "\u0013/multistream/1.0.0\n".getBytes(StandardCharsets.US_ASCII);

    private final QuicChannel channel;
    private final Limits limits;
    private final Scheduler scheduler;
    private final Events events;
    private final Semaphore outboundSlots;
    private final Budget budget;
    private final AtomicInteger resets = new AtomicInteger();
    private final AtomicBoolean closes = new AtomicBoolean();
    private volatile boolean takesNoStreams;
    private volatile boolean heard;

    /** Bytes were sent that the remote may not have. */
    private volatile boolean isUnconfirmed;

    // The event loop's own.

    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private final QuicTurns turns = new QuicTurns();
    private boolean isOver;
    private Scheduler.@Nullable Task nextBeat;
    private @Nullable String farewell;

    QuicSession(QuicChannel channel, Limits limits, Scheduler scheduler, Events events) {
        this.channel = channel;
        this.limits = limits;
        this.scheduler = scheduler;
        this.events = events;
        this.outboundSlots = new Semaphore(limits.streams().openMax());
        int growthMax = Math.min(limits.muxing().windowGrowthBytesMax(), WINDOW_BYTES_MAX);
        this.budget = new Budget(limits.muxing().withWindowGrowthBytesMax(growthMax), events);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        scheduleBeat();
    }

    // For the application, on any thread.

    @Override
    public MuxedStream open() throws IOException, InterruptedException {
        if (takesNoStreams) {
            throw new IOException("connection is closing");
        }
        return open(limits.streams().negotiateTimeout());
    }

    private QuicStream open(Duration patience) throws IOException, InterruptedException {
        int openMax = limits.streams().openMax();
        if (!outboundSlots.tryAcquire()) {
            throw new IOException(
                    "connection carries " + openMax + " streams of ours, which is the limit");
        }
        var stream = new QuicStream(this, outboundSlots::release);
        Promise<QuicStreamChannel> opening = channel.eventLoop().newPromise();
        boolean complete = false;
        try {
            onLoop(() -> open(stream, opening));
            if (!opening.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the remote took no more streams for " + patience);
            }
            if (!opening.isSuccess()) {
                throw new IOException(
                        "stream cannot be opened: " + opening.cause().getMessage(),
                        opening.cause());
            }
            complete = true;
            return stream;
        } finally {
            if (!complete) {
                abandon(stream, opening);
            }
        }
    }

    private void abandon(QuicStream stream, Promise<QuicStreamChannel> opening) {
        opening.cancel(false);
        var _ =
                opening.addListener(end -> {
                    if (end.isSuccess()) {
                        stream.reset(StreamError.NONE);
                    } else {
                        outboundSlots.release();
                    }
                });
    }

    /** A try without the remote's leave would use up an id for nothing. */
    private void open(QuicStream stream, Promise<QuicStreamChannel> opening) {
        if (isOver) {
            opening.tryFailure(new IOException("connection is closed"));
        } else if (channel.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL) > 0) {
            var _ = channel.createStream(QuicStreamType.BIDIRECTIONAL, setUp(stream), opening);
        } else {
            waiting.addLast(() -> open(stream, opening));
        }
    }

    private static ChannelInitializer<Channel> setUp(QuicStream stream) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel raw) {
                stream.attach((QuicStreamChannel) raw);
            }
        };
    }

    @Override
    public boolean isOpen() {
        return !takesNoStreams;
    }

    @Override
    public void close() {
        takesNoStreams = true;
        if (closes.compareAndSet(false, true)) {
            var _ = scheduler.fork("p2p close", this::closeWhenSent);
        }
    }

    private void closeWhenSent() {
        try {
            awaitSent(scheduler.nanoTime() + CLOSE_TIMEOUT.toNanos());
        } catch (IOException isGone) {
            log.debug("the last bytes may be lost: {}", isGone.getMessage());
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        } finally {
            shutDown(0, "connection was closed on this side");
        }
    }

    private void awaitSent(long end) throws IOException, InterruptedException {
        while (!budget.isEverythingSent() && scheduler.nanoTime() < end) {
            scheduler.sleep(CLOSE_CHECK);
        }
        if (isUnconfirmed) {
            confirm(end);
        }
    }

    /**
     * Waits until the remote has what was sent, because closing drops what is under way. It tells
     * by answering a stream that is sent after all others; when packets were lost meanwhile, it may
     * have answered before they were sent again, and is asked again.
     */
    private void confirm(long end) throws IOException, InterruptedException {
        long lost;
        do {
            lost = lostPackets();
            var patience = Duration.ofNanos(Math.max(1, end - scheduler.nanoTime()));
            var last = open(patience);
            last.sendLast();
            last.timeout(patience);
            last.write(MemorySegment.ofArray(SIGN_OF_LIFE));
            last.closeWrite();
            var answer = MemorySegment.ofArray(new byte[SIGN_OF_LIFE.length]);
            while (last.read(answer) >= 0) {
                // It is enough that it comes.
            }
            last.close();
        } while (lost != lostPackets() && scheduler.nanoTime() < end);
    }

    private long lostPackets() throws InterruptedException {
        var stats = channel.collectStats();
        return stats.await(CLOSE_TIMEOUT.toMillis()) && stats.isSuccess()
                ? stats.getNow().lost()
                : 0;
    }

    private void shutDown(int code, String reason) {
        onLoop(() -> {
            if (farewell == null) {
                farewell = reason;
            }
            var _ = channel.close(true, code, Unpooled.EMPTY_BUFFER);
        });
    }

    private void onLoop(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException hostIsClosed) {
            takesNoStreams = true;
        }
    }

    // For streams.

    Scheduler scheduler() {
        return scheduler;
    }

    Duration lingerTimeout() {
        return limits.streams().lingerTimeout();
    }

    boolean inEventLoop() {
        return channel.eventLoop().inEventLoop();
    }

    void heard() {
        heard = true;
    }

    QuicTurns turns() {
        return turns;
    }

    Budget budget() {
        return budget;
    }

    /** Bytes of a stream begin to wait for QUIC; {@link Budget#free} ends that. */
    void hold(int bytes) {
        isUnconfirmed = true;
        budget.hold(bytes);
    }

    void wasReset() {
        if (resets.incrementAndGet() == RESETS_MAX) {
            shutDown(StreamError.RATE_LIMITED.code(), RESETS_MAX + " streams were reset");
        }
    }

    // On the event loop.

    /** The remote opened a stream. */
    void accept(QuicStreamChannel raw) {
        heard = true;
        var stream = new QuicStream(this, () -> {});
        stream.attach(raw);
        if (takesNoStreams) {
            stream.reset(StreamError.SHUTDOWN);
        } else {
            events.opened(stream);
        }
    }

    private void scheduleBeat() {
        nextBeat = scheduler.after(limits.muxing().keepAliveInterval(), this::beat);
    }

    private void beat() {
        if (takesNoStreams) {
            return;
        }
        boolean isSilent = !heard;
        heard = false;
        if (isSilent) {
            try {
                var stream = open();
                stream.write(MemorySegment.ofArray(SIGN_OF_LIFE));
                stream.close();
            } catch (IOException isGone) {
                takesNoStreams |= !channel.isActive();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        scheduleBeat();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof QuicConnectionCloseEvent close && farewell == null) {
            farewell = "the remote closed the connection with code " + close.error();
        } else if (event instanceof QuicStreamLimitChangedEvent) {
            serveWaiting();
        }
        context.fireUserEventTriggered(event);
    }

    private void serveWaiting() {
        for (int left = waiting.size(); left > 0; left--) {
            waiting.removeFirst().run();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        shutDown(0, "connection failed: " + cause.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (isOver) {
            return;
        }
        isOver = true;
        takesNoStreams = true;
        if (nextBeat != null) {
            nextBeat.cancel();
        }
        serveWaiting();
        boolean isSilent = farewell == null && channel.isTimedOut();
        events.closed(
                new IOException(
                        farewell != null
                                ? farewell
                                : isSilent
                                        ? "the remote gave no sign of life"
                                        : "the remote dropped the connection"));
    }
}
