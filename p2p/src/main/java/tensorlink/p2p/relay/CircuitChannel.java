package tensorlink.p2p.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * A channel whose bytes travel over a stream to a relay, so that a connection can be made of it
 * like of a socket.
 *
 * <p>Streams block and event loops must not: one virtual thread reads when the channel wants to be
 * read, another writes what it is handed. Each has at most one piece under way, so a stream that
 * does not move holds back the channel as a full socket would. All fields are the event loop's; the
 * threads come back to it with what they did.
 */
final class CircuitChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    private static final int PIECE_BYTES_MAX = 16 << 10;

    /** For what was written before the channel was closed. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final ChannelConfig config = new DefaultChannelConfig(this);
    private final Stream stream;
    private final Multiaddr remoteAddress;
    private final boolean isLimited;
    private final Scheduler scheduler;
    private final Semaphore wanted = new Semaphore(0);
    private final BlockingQueue<Outgoing> outgoing = new LinkedBlockingQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean isOpen = true;
    private boolean isReading;
    private boolean isWriting;
    private @Nullable Thread reader;

    /**
     * @param stream over which the other side was reached; the channel closes it
     */
    CircuitChannel(Stream stream, Multiaddr remoteAddress, boolean isLimited, Scheduler scheduler) {
        super(null);
        this.stream = stream;
        this.remoteAddress = remoteAddress;
        this.isLimited = isLimited;
        this.scheduler = scheduler;
    }

    Multiaddr remoteMultiaddr() {
        return remoteAddress;
    }

    boolean isLimited() {
        return isLimited;
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        reader = scheduler.fork("p2p circuit read", this::readAll);
        var _ = scheduler.fork("p2p circuit write", this::writeAll);
        promise.setSuccess();
    }

    // Reading.

    @Override
    protected void doBeginRead() {
        if (!isReading) {
            isReading = true;
            wanted.release();
        }
    }

    private void readAll() {
        var bytes = new byte[PIECE_BYTES_MAX];
        var segment = MemorySegment.ofArray(bytes);
        try {
            while (true) {
                wanted.acquire();
                int count = stream.read(segment);
                if (count < 0) {
                    break;
                }
                var piece = alloc().heapBuffer(count).writeBytes(bytes, 0, count);
                onLoop(() -> received(piece), piece::release);
            }
        } catch (IOException gone) {
            stream.reset();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
        onLoop(() -> unsafe().close(voidPromise()), () -> {});
    }

    private void received(ByteBuf piece) {
        isReading = false;
        pipeline().fireChannelRead(piece);
        pipeline().fireChannelReadComplete();
    }

    // Writing.

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        if (isWriting) {
            return;
        }
        var piece = new byte[(int) Math.min(PIECE_BYTES_MAX, in.totalPendingWriteBytes())];
        int filled = 0;
        while (in.current() instanceof ByteBuf next && filled < piece.length) {
            int count = Math.min(next.readableBytes(), piece.length - filled);
            next.readBytes(piece, filled, count);
            filled += count;
            if (next.isReadable()) {
                break;
            }
            in.remove();
        }
        while (in.current() instanceof ByteBuf empty && !empty.isReadable()) {
            in.remove();
        }
        if (filled > 0) {
            isWriting = true;
            outgoing.add(new Outgoing.Bytes(MemorySegment.ofArray(piece).asSlice(0, filled)));
        }
    }

    private void writeAll() {
        try {
            while (true) {
                switch (outgoing.take()) {
                    case Outgoing.Bytes(var bytes) -> {
                        stream.write(bytes);
                        onLoop(this::written, () -> {});
                    }
                    case Outgoing.End(var late) -> {
                        stream.close();
                        late.cancel();
                        return;
                    }
                }
            }
        } catch (IOException gone) {
            stream.reset();
            onLoop(() -> unsafe().close(voidPromise()), () -> {});
        } catch (InterruptedException impossible) {
            Thread.currentThread().interrupt();
        } finally {
            ended.countDown();
        }
    }

    /** Waits until the last byte was handed over or given up. */
    void awaitEnd() throws InterruptedException {
        ended.await();
    }

    private void written() {
        isWriting = false;
        if (isOpen) {
            unsafe().flush();
        }
    }

    private void onLoop(Runnable task, Runnable otherwise) {
        try {
            eventLoop().execute(task);
        } catch (RejectedExecutionException loopHasEnded) {
            otherwise.run();
        }
    }

    // Ending.

    /** What was written goes out first; when that hangs, it is cut off. */
    @Override
    protected void doClose() {
        isOpen = false;
        outgoing.add(new Outgoing.End(scheduler.after(CLOSE_TIMEOUT, stream::reset)));
        var reading = reader;
        if (reading != null) {
            reading.interrupt();
        }
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    public boolean isOpen() {
        return isOpen;
    }

    @Override
    public boolean isActive() {
        return isOpen;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected void doBind(SocketAddress localAddress) {
        throw new UnsupportedOperationException("a circuit has no address of its own");
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return null;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
                promise.setFailure(new UnsupportedOperationException("it is connected"));
            }
        };
    }

    /** What the writing thread is handed. */
    private sealed interface Outgoing {
        record Bytes(MemorySegment bytes) implements Outgoing {}

        record End(Scheduler.Task late) implements Outgoing {}
    }
}
