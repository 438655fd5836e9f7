package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.security.FrameRoom;

/**
 * Decides whose turn it is to send on one connection, on its event loop. Any thread may {@link
 * #signal} that a stream wants something; the loop then asks the stream what. Frames without data
 * go first; data goes in {@link Turns}, one frame of one encrypted message at a time, while the
 * socket takes it.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which is noticed
final class YamuxSender {
    private static final Logger log = LoggerFactory.getLogger(YamuxSender.class);
    private static final int FRAMES_PER_FLUSH = 8;

    /** After so many frames in a row the other connections of the loop get their turn. */
    private static final int FRAMES_PER_DRAIN = 32;

    private final Channel channel;
    private final FrameRoom room;
    private final int answersMax;
    private final Served served;
    private final Queue<YamuxStream> signalled = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainIsDue = new AtomicBoolean();
    private final Turns<YamuxStream> turns = new Turns<>();
    private final ArrayDeque<YamuxFrame> answers = new ArrayDeque<>();
    private boolean isStopped;

    /**
     * @param answersMax answers that the remote may provoke without reading them
     */
    YamuxSender(Channel channel, FrameRoom room, int answersMax, Served served) {
        this.channel = channel;
        this.room = room;
        this.answersMax = answersMax;
        this.served = served;
    }

    /** Lets the loop ask {@code stream} what it wants to send. */
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

    /** Runs {@code task} on the event loop, unless that has ended with its host. */
    void onLoop(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException hostIsClosed) {
            log.trace("event loop has ended", hostIsClosed);
        }
    }

    /** Queues what the remote provoked; it must read its answers if it wants more of them. */
    void answer(YamuxFrame frame) throws ProtocolViolation {
        if (answers.size() == answersMax) {
            sendAnswers();
            channel.flush();
            sendAnswers();
        }
        if (answers.size() == answersMax) {
            throw new ProtocolViolation(answersMax + " yamux answers were asked for and not read");
        }
        answers.add(frame);
    }

    boolean hasAnswers() {
        return !answers.isEmpty();
    }

    /** Sends as much as the socket takes and fairness allows. */
    void drain() {
        drainIsDue.set(false);
        if (isStopped) {
            return;
        }
        sendAnswers();
        serveSignalled();
        int frames = 0;
        while (!turns.isEmpty() && frames < FRAMES_PER_DRAIN && channel.isWritable()) {
            var stream = turns.next();
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
        served.drained();
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
        }
        if (stream.hasData() && stream.startTurn()) {
            turns.add(stream, stream.purpose());
        }
        served.served(stream);
    }

    /** Sends {@code frame} now, whatever waits. */
    void sendNow(YamuxFrame frame) {
        write(frame);
        channel.flush();
    }

    private void write(YamuxFrame frame) {
        var buffer = room.allocate(channel.alloc(), YamuxFrame.HEADER_BYTES);
        frame.write(buffer);
        write(buffer);
    }

    private void write(ByteBuf frame) {
        channel.write(frame, channel.voidPromise());
    }

    /** Sends nothing more. */
    void stop() {
        isStopped = true;
        turns.clear();
        answers.clear();
    }

    /** Learns what was sent. */
    interface Served {
        /** What {@code stream} wanted to send without data is sent. */
        void served(YamuxStream stream);

        /** Everything was sent for which there was room. */
        void drained();
    }
}
