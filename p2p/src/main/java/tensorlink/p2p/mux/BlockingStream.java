package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;

/**
 * What the streams of all muxers share: the place where the event loop and the threads of an
 * application meet.
 *
 * <p>Everything mutable is guarded by the lock. Nobody holds it while bytes are copied: the event
 * loop must not wait for that.
 */
abstract sealed class BlockingStream implements MuxedStream permits YamuxStream, QuicStream {
    final ReentrantLock lock = new ReentrantLock();
    final Wait reading;
    final Wait writing;
    final ReceiveQueue received = new ReceiveQueue();

    /** The remote will send no more. */
    boolean remoteEnded;

    /** Nobody will read what still comes. */
    boolean discards;

    /** We will send no more. */
    boolean endRequested;

    /** Hears of bytes that are sent back; null unless {@link #echo} runs. */
    @Nullable IntConsumer echoed;

    private final Ending ending = new Ending();
    private @Nullable String failure;
    private @Nullable IOException cause;

    BlockingStream(Scheduler scheduler) {
        this.reading = new Wait(lock, scheduler);
        this.writing = new Wait(lock, scheduler);
    }

    @Override
    public final int read(MemorySegment target) throws IOException, InterruptedException {
        if (target.byteSize() == 0) {
            return 0;
        }
        int count = 0;
        for (var chunk = first(); chunk != null; ) {
            int part = 0;
            boolean hasRoom = false;
            try {
                part = ReceiveQueue.copy(chunk, target.asSlice(count));
                count += part;
                hasRoom = count < target.byteSize();
            } finally {
                chunk = next(chunk, part, hasRoom);
            }
        }
        reading.step(count);
        return count == 0 ? -1 : count;
    }

    /** Waits for bytes; null when there will be none. */
    private @Nullable ByteBuf first() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (received.isEmpty()) {
                if (remoteEnded && !discards) {
                    return null;
                }
                checkOpen();
                if (discards) {
                    throw new IOException("stream is closed");
                }
                beforeReading();
                await(reading);
            }
            return received.poll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives back a chunk of which {@code count} bytes were read, for the next one, if any. */
    private @Nullable ByteBuf next(ByteBuf chunk, int count, boolean hasRoom) {
        lock.lock();
        try {
            if (chunk.isReadable() && !discards) {
                received.back(chunk);
                if (failure != null) {
                    received.detach();
                }
            } else {
                chunk.release();
            }
            taken(count);
            return hasRoom && !received.isEmpty() ? received.poll() : null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void write(MemorySegment source) throws IOException, InterruptedException {
        try {
            send(source);
        } catch (StreamTimeoutException | InterruptedException | RuntimeException torn) {
            reset(StreamError.NONE);
            throw torn;
        }
    }

    /** The event loop does the work; the thread only waits for its end. */
    @Override
    public final void echo(IntConsumer observer) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            echoed = observer;
            sendBack(observer);
            while (!remoteEnded || !received.isEmpty()) {
                checkOpen();
                if (discards) {
                    throw new IOException("stream is closed");
                }
                checkWritable();
                beforeReading();
                await(reading);
            }
        } finally {
            echoed = null;
            lock.unlock();
        }
    }

    @Override
    public final void timeout(Duration limit) {
        lock.lock();
        try {
            reading.timeout(limit);
            writing.timeout(limit);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void whenOver(Runnable action) {
        ending.then(action);
    }

    @Override
    public final int available() {
        lock.lock();
        try {
            return received.bytes();
        } finally {
            lock.unlock();
        }
    }

    // For the muxer's own kind of stream; all but send with the lock held.

    /** Hands {@code source} over, waiting where it must; without the lock. */
    abstract void send(MemorySegment source) throws IOException, InterruptedException;

    /**
     * Hands over as much of what was received as can be without waiting, and tells {@code observer}
     * how much.
     */
    abstract void sendBack(IntConsumer observer);

    /** Something was received, or there is room to send: an echo goes on. */
    final void echo() {
        if (echoed != null) {
            sendBack(echoed);
            if (remoteEnded && received.isEmpty()) {
                reading.signal();
            }
        }
    }

    /** Fails when nothing more can be sent. */
    void checkWritable() throws IOException {
        if (endRequested) {
            throw new IOException("stream is closed for writing");
        }
    }

    /** A reader is about to wait. */
    abstract void beforeReading();

    /** The application took {@code bytes}. */
    abstract void taken(int bytes);

    abstract boolean inEventLoop();

    final void await(Wait wait) throws StreamTimeoutException, InterruptedException {
        assert !inEventLoop() : "blocking on the event loop";
        wait.await();
    }

    final boolean hasFailed() {
        return failure != null;
    }

    final void checkOpen() throws StreamResetException {
        if (failure != null) {
            throw new StreamResetException(failure, cause);
        }
    }

    /** From now on every verb fails for the first reason given here. */
    final void fail(String reason, @Nullable IOException because) {
        if (failure == null) {
            failure = reason;
            cause = because;
        }
        reading.end();
        writing.end();
    }

    /** The connection holds nothing of this stream any more; without the lock. */
    final void over() {
        lock.lock();
        try {
            reading.end();
            writing.end();
        } finally {
            lock.unlock();
        }
        ending.over();
    }

    /** Lets whoever waits look again. */
    final void wake() {
        reading.signal();
        writing.signal();
    }
}
