package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mux.YamuxFrame.Flags;
import tensorlink.p2p.security.Headroom;

/**
 * One yamux connection: acts on what comes and decides whose turn it is to send.
 *
 * <p>It lives on the event loop of its channel; fields that other threads touch say so. Those reach it
 * in one way: {@link #signal} queues a stream and wakes the loop, which asks the stream what it wants.
 * Frames without data go first; data goes round-robin, one frame per turn, while the socket takes it.
 * An incoming frame is checked as a whole before it changes anything. What a remote can make us keep is
 * bounded by windows, by the number of streams, and by the answers it does not read.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which is noticed
final class YamuxSession extends ChannelInboundHandlerAdapter
        implements MuxedConnection, YamuxDecoder.Sink {
    private static final Logger log = LoggerFactory.getLogger(YamuxSession.class);

    /** What a queued frame costs besides its bytes. */
    private static final int FRAME_OVERHEAD_BYTES = 128;

    private static final int FRAMES_PER_FLUSH = 8;

    private static final long ID_MAX = 0xffff_ffffL;
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

    /** After so many frames in a row the other connections of the loop get their turn. */
    private static final int FRAMES_PER_DRAIN = 32;

    private final Channel channel;
    private final Direction direction;
    private final Limits.Muxing limits;
    private final Limits.Streams streamLimits;
    private final Scheduler scheduler;
    private final Events events;

    // Shared with the threads of the application.

    private final Map<Integer, YamuxStream> streams = new ConcurrentHashMap<>();
    private final Queue<YamuxStream> signalled = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainIsDue = new AtomicBoolean();
    private final AtomicLong nextId;
    private final Semaphore outboundSlots;
    private final Semaphore unacknowledgedSlots;
    private final AtomicLong unsentBytes = new AtomicLong();
    private final AtomicInteger windowGrowth = new AtomicInteger();
    private volatile boolean takesNoStreams;
    private volatile @Nullable IOException end;
    private volatile long roundTrip;

    // The event loop's own.

    private final YamuxDecoder decoder = new YamuxDecoder();
    private final Heartbeat heartbeat;
    private final ArrayDeque<YamuxStream> turns = new ArrayDeque<>();
    private final ArrayDeque<YamuxFrame> answers = new ArrayDeque<>();
    private Scheduler.@Nullable Task nextBeat;
    private Scheduler.@Nullable Task closeDeadline;
    private @Nullable YamuxStream payloadTarget;
    private @Nullable YamuxStream opened;
    private boolean endsAfterPayload;
    private int inboundStreams;
    private int highestRemoteId;
    private boolean remoteGoesAway;
    private boolean closesWhenSent;
    private long unwritableSince;

    YamuxSession(
            Channel channel,
            Direction direction,
            Limits limits,
            Scheduler scheduler,
            Events events) {
        this.channel = channel;
        this.direction = direction;
        this.limits = limits.muxing();
        this.streamLimits = limits.streams();
        this.scheduler = scheduler;
        this.events = events;
        this.nextId = new AtomicLong(direction == Direction.OUTBOUND ? 1 : 2);
        this.outboundSlots = new Semaphore(streamLimits.openMax());
        this.unacknowledgedSlots = new Semaphore(streamLimits.unacknowledgedMax());
        this.heartbeat =
                new Heartbeat(this.limits.keepAliveInterval(), this.limits.keepAliveTimeout());
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
        if (!outboundSlots.tryAcquire()) {
            throw new IOException(
                    "connection carries "
                            + streamLimits.openMax()
                            + " streams of ours, which is the limit");
        }
        boolean complete = false;
        try {
            var patience = streamLimits.negotiateTimeout();
            if (!unacknowledgedSlots.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException(
                        "the remote has not acknowledged "
                                + streamLimits.unacknowledgedMax()
                                + " streams for "
                                + patience);
            }
            var stream = new YamuxStream(this, newId(), Flags.SYN);
            streams.put(stream.id(), stream);
            if (end != null) {
                stream.connectionLost(end);
            }
            complete = true;
            return stream;
        } finally {
            if (!complete) {
                outboundSlots.release();
            }
        }
    }

    /** Ids are never used twice; when they are used up, a new connection has to be made. */
    private int newId() throws IOException {
        long id = nextId.getAndAdd(2);
        if (id > ID_MAX) {
            takesNoStreams = true;
            unacknowledgedSlots.release();
            throw new IOException("connection has used up its stream ids");
        }
        return (int) id;
    }

    @Override
    public boolean isOpen() {
        return !takesNoStreams;
    }

    @Override
    public void close() {
        takesNoStreams = true;
        onLoop(
                () -> {
                    if (end == null && !closesWhenSent) {
                        closesWhenSent = true;
                        closeDeadline =
                                scheduler.after(
                                        CLOSE_TIMEOUT, () -> onLoop(() -> shutDown(closedHere())));
                        drain();
                    }
                });
    }

    private static IOException closedHere() {
        return new IOException("connection was closed on this side");
    }

    // For streams, on any thread.

    /** Lets the event loop ask {@code stream} what it wants to send. */
    void signal(YamuxStream stream) {
        if (stream.markSignalled()) {
            signalled.add(stream);
        }
        requestDrain();
    }

    private void requestDrain() {
        if (drainIsDue.compareAndSet(false, true)) {
            onLoop(this::drain);
        }
    }

    private void onLoop(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException hostIsClosed) {
            log.trace("event loop has ended", hostIsClosed);
        }
    }

    Direction direction() {
        return direction;
    }

    boolean inEventLoop() {
        return channel.eventLoop().inEventLoop();
    }

    long nanoTime() {
        return scheduler.nanoTime();
    }

    void after(Duration delay, Runnable task) {
        var _ = scheduler.after(delay, task);
    }

    /** The last round trip measured, in nanoseconds, or 0. */
    long roundTrip() {
        return roundTrip;
    }

    /** An empty data frame with room for its header and {@code length} bytes. */
    ByteBuf allocate(int length) {
        var frame = Headroom.allocate(channel.alloc(), YamuxFrame.HEADER_BYTES + length);
        return frame.writerIndex(frame.writerIndex() + YamuxFrame.HEADER_BYTES);
    }

    static int payload(ByteBuf frame) {
        return frame.readableBytes() - YamuxFrame.HEADER_BYTES;
    }

    static void putHeader(ByteBuf frame, YamuxFrame header) {
        int end = frame.writerIndex();
        frame.writerIndex(frame.readerIndex());
        header.write(frame);
        frame.writerIndex(end);
    }

    /** Notes a frame with {@code length} bytes of payload as unsent and returns what it counts. */
    int charge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        unsentBytes.addAndGet(cost);
        return cost;
    }

    /** Undoes {@link #charge}. */
    int discharge(int length) {
        int cost = length + FRAME_OVERHEAD_BYTES;
        unsentBytes.addAndGet(-cost);
        return cost;
    }

    /** Whether streams that already have a frame here may add another. */
    boolean hasRoom() {
        return unsentBytes.get() < limits.unsentBytesMax();
    }

    /** Decides by how much a receive window of {@code size} bytes may grow. */
    int grow(int size) {
        int wanted = Math.min(size, limits.windowBytesMax() - size);
        while (true) {
            int grown = windowGrowth.get();
            int granted = Math.min(wanted, limits.windowGrowthBytesMax() - grown);
            if (granted <= 0) {
                return 0;
            }
            if (windowGrowth.compareAndSet(grown, grown + granted)) {
                return granted;
            }
        }
    }

    // Receiving, on the event loop.

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        var input = (ByteBuf) message;
        try {
            if (end == null) {
                heartbeat.heard();
                decoder.decode(input, this);
                announce();
            }
        } catch (ProtocolViolation violation) {
            goAway(YamuxFrame.GoAway.PROTOCOL_ERROR);
            shutDown(violation);
        } finally {
            input.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext from) {
        if (!answers.isEmpty()) {
            drain();
        }
    }

    @Override
    public void frame(YamuxFrame frame) throws ProtocolViolation {
        announce();
        payloadTarget = null;
        endsAfterPayload = false;
        switch (frame) {
            case YamuxFrame.Data data -> take(data);
            case YamuxFrame.WindowUpdate update -> take(update);
            case YamuxFrame.Ping(boolean isAnswer, int value) -> {
                if (isAnswer) {
                    heartbeat.answered(value, nanoTime());
                    roundTrip = heartbeat.roundTrip();
                } else {
                    answer(new YamuxFrame.Ping(true, value));
                }
            }
            case YamuxFrame.GoAway(int code) -> {
                log.debug("{} goes away with code {}", channel.remoteAddress(), code);
                remoteGoesAway = true;
                takesNoStreams = true;
            }
        }
    }

    private void take(YamuxFrame.Data data) throws ProtocolViolation {
        if (data.length() > limits.frameBytesMax()) {
            throw new ProtocolViolation(
                    "yamux data frame of "
                            + data.length()
                            + " bytes, limit "
                            + limits.frameBytesMax());
        }
        var flags = data.flags();
        var stream = find(flags, data.stream(), data.length());
        if (stream == null) {
            return;
        }
        acknowledge(stream, flags);
        if (flags.rst()) {
            drop(stream, 0);
        } else if (data.length() == 0) {
            end(stream, flags.fin());
        } else if (stream.expect(data.length())) {
            payloadTarget = stream;
            endsAfterPayload = flags.fin();
        } else {
            log.debug("stream {} got more data than it may", data.stream());
            stream.reset(StreamError.PROTOCOL_VIOLATION);
        }
    }

    private void take(YamuxFrame.WindowUpdate update) throws ProtocolViolation {
        var flags = update.flags();
        var stream = find(flags, update.stream(), 0);
        if (stream == null) {
            return;
        }
        acknowledge(stream, flags);
        if (flags.rst()) {
            drop(stream, (int) update.value());
        } else if (stream.grant(update.value())) {
            end(stream, flags.fin());
        } else {
            throw new ProtocolViolation(
                    "yamux window of stream "
                            + Integer.toUnsignedString(update.stream())
                            + " grows beyond 2^32 - 1 bytes");
        }
    }

    /** The stream of a frame, new if the frame says so; null when there is none to act on. */
    private @Nullable YamuxStream find(Flags flags, int id, long length)
            throws ProtocolViolation {
        var stream = streams.get(id);
        if (flags.syn()) {
            return accept(flags, id, length, stream);
        }
        if (stream == null && !flags.rst() && wasNeverOpened(id)) {
            refuse(id, StreamError.PROTOCOL_VIOLATION);
        }
        return stream;
    }

    private @Nullable YamuxStream accept(
            Flags flags, int id, long length, @Nullable YamuxStream existing)
            throws ProtocolViolation {
        if (existing != null || isOurs(id)) {
            throw new ProtocolViolation(
                    "yamux SYN for stream "
                            + Integer.toUnsignedString(id)
                            + (isOurs(id) ? ", an id of the other side" : ", which is open"));
        }
        if (Integer.compareUnsigned(id, highestRemoteId) > 0) {
            highestRemoteId = id;
        }
        if (flags.rst()) {
            return null;
        }
        if (length > ReceiveWindow.INITIAL_BYTES) {
            refuse(id, StreamError.PROTOCOL_VIOLATION);
            return null;
        }
        if (takesNoStreams) {
            refuse(id, StreamError.SHUTDOWN);
            return null;
        }
        if (inboundStreams == streamLimits.openMax()) {
            refuse(id, StreamError.RESOURCE_LIMIT);
            return null;
        }
        var stream = new YamuxStream(this, id, Flags.ACK);
        streams.put(id, stream);
        inboundStreams++;
        opened = stream;
        return stream;
    }

    private boolean isOurs(int id) {
        return (id & 1) == (direction == Direction.OUTBOUND ? 1 : 0);
    }

    private boolean wasNeverOpened(int id) {
        return isOurs(id)
                ? Integer.toUnsignedLong(id) >= nextId.get()
                : Integer.compareUnsigned(id, highestRemoteId) > 0;
    }

    private void acknowledge(YamuxStream stream, Flags flags) {
        if (flags.ack() && isOurs(stream.id()) && stream.markAcknowledged()) {
            unacknowledgedSlots.release();
        }
    }

    private void drop(YamuxStream stream, int code) {
        stream.remoteReset(code);
        removeIfFinished(stream);
    }

    private void end(YamuxStream stream, boolean fin) {
        if (fin) {
            stream.remoteEnd();
            removeIfFinished(stream);
        }
    }

    private void refuse(int id, StreamError reason) throws ProtocolViolation {
        answer(new YamuxFrame.WindowUpdate(Flags.RST, id, reason.code()));
    }

    /** Queues what the remote provoked; it must read its answers if it wants more of them. */
    private void answer(YamuxFrame frame) throws ProtocolViolation {
        if (answers.size() == limits.controlFramesPendingMax()) {
            sendAnswers();
        }
        if (answers.size() == limits.controlFramesPendingMax()) {
            throw new ProtocolViolation(
                    answers.size() + " yamux answers were asked for and not read");
        }
        answers.add(frame);
    }

    @Override
    public void payload(ByteBuf input, int length, boolean isLast) {
        var target = payloadTarget;
        if (target != null) {
            target.receive(input, length);
            end(target, isLast && endsAfterPayload);
            announce();
        }
    }

    /** Only now, so that a new stream's thread finds the bytes that came with it. */
    private void announce() {
        if (opened != null) {
            var stream = opened;
            opened = null;
            events.opened(stream);
        }
    }

    // Sending, on the event loop.

    private void drain() {
        drainIsDue.set(false);
        if (end != null) {
            return;
        }
        sendAnswers();
        serveSignalled();
        int frames = 0;
        while (!turns.isEmpty() && frames < FRAMES_PER_DRAIN && channel.isWritable()) {
            var stream = turns.removeFirst();
            var frame = stream.nextData();
            if (frame != null) {
                write(frame);
                frames++;
                if (frames % FRAMES_PER_FLUSH == 0) {
                    channel.flush();
                }
            }
            stream.endTurn();
            serve(stream);
            serveSignalled();
        }
        channel.flush();
        if (frames == FRAMES_PER_DRAIN) {
            requestDrain();
        }
        if (closesWhenSent && unsentBytes.get() == 0) {
            goAway(YamuxFrame.GoAway.NORMAL);
            shutDown(closedHere());
        }
    }

    private void sendAnswers() {
        while (!answers.isEmpty() && channel.isWritable()) {
            write(answers.removeFirst());
        }
    }

    private void serveSignalled() {
        while (!signalled.isEmpty() && channel.isWritable()) {
            var stream = signalled.remove();
            stream.clearSignal();
            serve(stream);
        }
    }

    /** Sends the stream's frames without data at once, and lets it wait for a turn to send data. */
    private void serve(YamuxStream stream) {
        for (var frame = stream.nextControl(); frame != null; frame = stream.nextControl()) {
            write(frame);
            if (frame.value() > 0 && !frame.flags().rst()) {
                measureRoundTrip();
            }
        }
        if (stream.hasData() && stream.startTurn()) {
            turns.addLast(stream);
        }
        removeIfFinished(stream);
    }

    /** Only a connection that moves data needs to know it: its windows depend on it. */
    private void measureRoundTrip() {
        if (roundTrip == 0 && !heartbeat.isAsking()) {
            write(new YamuxFrame.Ping(false, heartbeat.ask(nanoTime())));
        }
    }

    private void removeIfFinished(YamuxStream stream) {
        if (stream.isFinished()) {
            remove(stream);
        }
    }

    private void remove(YamuxStream stream) {
        if (!streams.remove(stream.id(), stream)) {
            return;
        }
        windowGrowth.addAndGet(-stream.windowGrowth());
        if (!isOurs(stream.id())) {
            inboundStreams--;
            return;
        }
        outboundSlots.release();
        if (stream.markAcknowledged()) {
            unacknowledgedSlots.release();
        }
    }

    private void write(YamuxFrame frame) {
        var buffer = Headroom.allocate(channel.alloc(), YamuxFrame.HEADER_BYTES);
        frame.write(buffer);
        write(buffer);
    }

    private void write(ByteBuf frame) {
        channel.write(frame, channel.voidPromise());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext from) {
        if (channel.isWritable()) {
            drain();
        } else {
            unwritableSince = nanoTime();
        }
    }

    // Life and death, on the event loop.

    private void scheduleBeat() {
        nextBeat = scheduler.after(heartbeat.pause(), () -> onLoop(this::beat));
    }

    private void beat() {
        if (end != null) {
            return;
        }
        long now = nanoTime();
        for (var stream : streams.values()) {
            if (stream.lingersFor(streamLimits.lingerTimeout())) {
                stream.reset(StreamError.NONE);
            }
        }
        if (!channel.isWritable() && now - unwritableSince >= limits.writeTimeout().toNanos()) {
            shutDown(new IOException("the remote took no byte for " + limits.writeTimeout()));
            return;
        }
        switch (heartbeat.beat(now)) {
            case ALIVE -> scheduleBeat();
            case ASK -> {
                write(new YamuxFrame.Ping(false, heartbeat.ask(now)));
                channel.flush();
                scheduleBeat();
            }
            case DEAD ->
                    shutDown(
                            new IOException(
                                    "the remote gave no sign of life for "
                                            + limits.keepAliveTimeout()));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext from) {
        shutDown(
                new IOException(
                        remoteGoesAway
                                ? "the remote closed the connection"
                                : "the remote dropped the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
        shutDown(
                cause instanceof IOException failure
                        ? failure
                        : new IOException("connection failed: " + cause, cause));
    }

    private void goAway(int code) {
        if (channel.isWritable()) {
            write(new YamuxFrame.GoAway(code));
            channel.flush();
        }
    }

    private void shutDown(IOException reason) {
        if (end != null) {
            return;
        }
        end = reason;
        takesNoStreams = true;
        cancel(nextBeat);
        cancel(closeDeadline);
        answers.clear();
        turns.clear();
        for (var stream : streams.values()) {
            stream.connectionLost(reason);
            remove(stream);
        }
        channel.close();
        events.closed(reason);
    }

    private static void cancel(Scheduler.@Nullable Task task) {
        if (task != null) {
            task.cancel();
        }
    }
}
