package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mux.YamuxFrame.Flags;
import tensorlink.p2p.security.FrameRoom;

/**
 * One yamux connection: acts on what comes, keeps its streams, notices when the other side is gone.
 *
 * <p>It lives on the event loop of its channel; fields that other threads touch say so. An incoming
 * frame is checked as a whole before it changes anything. What a remote can make us keep is bounded
 * by windows, by the number of streams, and by the answers it does not read.
 */
final class YamuxSession extends ChannelInboundHandlerAdapter
        implements MuxedConnection, YamuxDecoder.Sink, YamuxSender.Served {
    private static final Logger log = LoggerFactory.getLogger(YamuxSession.class);
    private static final long ID_MAX = 0xffff_ffffL;
    private static final Duration MEASURE_INTERVAL = Duration.ofSeconds(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

    private final Channel channel;
    private final FrameRoom room;
    private final Direction direction;
    private final Limits.Muxing limits;
    private final Limits.Streams streamLimits;
    private final Scheduler scheduler;
    private final Events events;

    // Shared with the threads of the application.

    private final Map<Integer, YamuxStream> streams = new ConcurrentHashMap<>();
    private final AtomicLong nextId;
    private final Semaphore outboundSlots;
    private final Semaphore unacknowledgedSlots;
    private final Budget budget;
    private final YamuxSender sender;
    private volatile boolean takesNoStreams;
    private volatile @Nullable IOException end;
    private volatile long roundTrip;
    private volatile long measuredAt;

    // The event loop's own.

    private final YamuxDecoder decoder = new YamuxDecoder();
    private final Heartbeat heartbeat;
    private Scheduler.@Nullable Task nextBeat;
    private Scheduler.@Nullable Task closeDeadline;
    private final ArrayDeque<YamuxStream> readers = new ArrayDeque<>();
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
            FrameRoom room,
            Direction direction,
            Limits limits,
            Scheduler scheduler,
            Events events) {
        this.channel = channel;
        this.room = room;
        this.direction = direction;
        this.limits = limits.muxing();
        this.streamLimits = limits.streams();
        this.scheduler = scheduler;
        this.events = events;
        this.nextId = new AtomicLong(direction == Direction.OUTBOUND ? 1 : 2);
        this.outboundSlots = new Semaphore(streamLimits.openMax());
        this.unacknowledgedSlots = new Semaphore(streamLimits.unacknowledgedMax());
        this.budget = new Budget(this.limits, events);
        this.sender = new YamuxSender(channel, room, this.limits.controlFramesPendingMax(), this);
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
        sender.onLoop(() -> {
            if (end == null && !closesWhenSent) {
                closesWhenSent = true;
                closeDeadline =
                        scheduler.after(
                                CLOSE_TIMEOUT, () -> sender.onLoop(() -> shutDown(closedHere())));
                sender.drain();
            }
        });
    }

    private static IOException closedHere() {
        return new IOException("connection was closed on this side");
    }

    // For streams, on any thread.

    /** Lets the event loop ask {@code stream} what it wants to send. */
    void signal(YamuxStream stream) {
        sender.signal(stream);
    }

    Budget budget() {
        return budget;
    }

    Scheduler scheduler() {
        return scheduler;
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

    /**
     * The round trip in nanoseconds, or 0 while it is unknown; measured now and then while somebody
     * asks. Only a connection that moves data does: its windows depend on it.
     */
    long roundTrip() {
        long now = nanoTime();
        if (roundTrip == 0 || now - measuredAt >= MEASURE_INTERVAL.toNanos()) {
            measuredAt = now;
            sender.onLoop(this::measureRoundTrip);
        }
        return roundTrip;
    }

    private void measureRoundTrip() {
        if (!heartbeat.isAsking() && end == null) {
            sender.sendNow(new YamuxFrame.Ping(false, heartbeat.ask(nanoTime())));
        }
    }

    FrameRoom room() {
        return room;
    }

    ByteBufAllocator allocator() {
        return channel.alloc();
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
            announce();
            goAway(YamuxFrame.GoAway.PROTOCOL_ERROR);
            shutDown(violation);
        } finally {
            input.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext from) {
        for (var stream = readers.poll(); stream != null; stream = readers.poll()) {
            stream.wakeReader();
        }
        if (sender.hasAnswers()) {
            sender.drain();
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
                    sender.answer(new YamuxFrame.Ping(true, value));
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
            sender.drain();
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
    private @Nullable YamuxStream find(Flags flags, int id, long length) throws ProtocolViolation {
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
        sender.answer(new YamuxFrame.WindowUpdate(Flags.RST, id, reason.code()));
    }

    @Override
    public void payload(ByteBuf input, int length, boolean isLast) {
        var target = payloadTarget;
        if (target != null) {
            if (target.receive(input, length)) {
                readers.add(target);
            }
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

    @Override
    public void served(YamuxStream stream) {
        removeIfFinished(stream);
    }

    @Override
    public void drained() {
        if (closesWhenSent && budget.isEverythingSent()) {
            goAway(YamuxFrame.GoAway.NORMAL);
            shutDown(closedHere());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext from) {
        if (channel.isWritable()) {
            sender.drain();
        } else {
            unwritableSince = nanoTime();
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
        budget.shrink(stream.windowGrowth());
        stream.over();
        if (!isOurs(stream.id())) {
            inboundStreams--;
            return;
        }
        outboundSlots.release();
        if (stream.markAcknowledged()) {
            unacknowledgedSlots.release();
        }
    }

    // Life and death, on the event loop.

    private void scheduleBeat() {
        nextBeat = scheduler.after(heartbeat.pause(), () -> sender.onLoop(this::beat));
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
                sender.sendNow(new YamuxFrame.Ping(false, heartbeat.ask(now)));
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
            sender.sendNow(new YamuxFrame.GoAway(code));
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
        sender.stop();
        for (var stream : streams.values()) {
            stream.connectionLost(reason);
            remove(stream);
        }
        var _ = channel.close();
        events.closed(reason);
    }

    private static void cancel(Scheduler.@Nullable Task task) {
        if (task != null) {
            task.cancel();
        }
    }
}
