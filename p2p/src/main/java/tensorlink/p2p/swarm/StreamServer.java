package tensorlink.p2p.swarm;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.HostObserver.Refused;
import tensorlink.p2p.core.HostObserver.Why;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;
import tensorlink.p2p.resource.StreamClaim;

/**
 * Serves the streams that peers open: each gets a virtual thread, which agrees on a protocol and
 * runs its handler. However a handler ends, its stream is ended here.
 */
final class StreamServer {
    private static final Logger log = LoggerFactory.getLogger(StreamServer.class);
    private static final Duration PATIENCE = Duration.ofMillis(500);
    private static final Duration PATIENCE_AFTER_INTERRUPT = Duration.ofSeconds(2);

    private final ProtocolTable protocols;
    private final StreamNegotiation negotiation;
    private final int violationsMax;
    private final Scheduler scheduler;
    private final HostObserver observer;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    StreamServer(
            ProtocolTable protocols,
            StreamNegotiation negotiation,
            Limits.Connections limits,
            Scheduler scheduler,
            HostObserver observer) {
        this.protocols = protocols;
        this.negotiation = negotiation;
        this.violationsMax = limits.violationsMax();
        this.scheduler = scheduler;
        this.observer = observer;
    }

    /** Takes over {@code stream}; does not block. */
    void serve(SwarmConnection connection, MuxedStream stream) {
        if (!connection.negotiationSlots().tryAcquire()) {
            refuse(stream, "streams of its connection without a protocol");
        } else if (!connection.handlerSlots().tryAcquire()) {
            connection.negotiationSlots().release();
            refuse(stream, "handlers of its connection");
        } else {
            try {
                var place = connection.claimInbound();
                stream.whenOver(place::close);
                var _ = scheduler.fork("p2p stream", () -> run(connection, stream, place));
            } catch (ResourceLimitException full) {
                connection.negotiationSlots().release();
                connection.handlerSlots().release();
                refuse(stream, full.scope() + " is full");
            }
        }
    }

    private void refuse(MuxedStream stream, String reason) {
        observer.refused(Refused.STREAM, Why.LIMIT, reason);
        stream.reset(StreamError.RESOURCE_LIMIT);
    }

    private void run(SwarmConnection connection, MuxedStream stream, StreamClaim place) {
        threads.add(Thread.currentThread());
        boolean isEnded = false;
        try {
            if (!isClosed) {
                handle(connection, stream, place);
                isEnded = true;
            }
        } catch (ProtocolViolation violation) {
            stream.reset(StreamError.PROTOCOL_VIOLATION);
            punish(connection, violation);
        } catch (ResourceLimitException full) {
            refuse(stream, full.scope() + " is full");
        } catch (IOException failure) {
            log.debug("stream of {} failed: {}", connection, failure.getMessage());
        } catch (InterruptedException closing) {
            stream.reset(StreamError.SHUTDOWN);
        } catch (RuntimeException bug) {
            log.error("a handler failed on a stream of {}", connection, bug);
        } finally {
            if (!isEnded) {
                stream.reset(StreamError.NONE);
            }
            connection.handlerSlots().release();
            threads.remove(Thread.currentThread());
        }
    }

    private void handle(SwarmConnection connection, MuxedStream stream, StreamClaim place)
            throws IOException, InterruptedException {
        ProtocolTable.Entry entry;
        try {
            var name =
                    negotiation.answer(
                            stream, wanted -> protocols.serves(wanted, connection.isLimited()));
            entry =
                    protocols
                            .find(name)
                            .orElseThrow(() -> new IOException(name + " is no longer served"));
        } catch (EOFException gaveUp) {
            stream.close();
            return;
        } finally {
            connection.negotiationSlots().release();
        }
        entry.handler()
                .handle(connection.agreed(stream, place, entry.protocol(), Direction.INBOUND));
        stream.close();
    }

    private void punish(SwarmConnection connection, ProtocolViolation violation) {
        int count = connection.violated();
        if (count == 1) {
            log.info("{} broke a protocol: {}", connection, violation.getMessage());
        }
        if (count == violationsMax) {
            log.info("{} broke protocols {} times and is cut off", connection, count);
            connection.close();
        }
    }

    /** Waits for the handlers, whose streams are gone by now, and interrupts those that go on. */
    void close() throws InterruptedException {
        isClosed = true;
        join(PATIENCE);
        for (var thread : others()) {
            thread.interrupt();
        }
        join(PATIENCE_AFTER_INTERRUPT);
        for (var thread : others()) {
            log.warn("a stream handler does not end: {}", List.of(thread.getStackTrace()));
        }
    }

    private void join(Duration patience) throws InterruptedException {
        long end = scheduler.nanoTime() + patience.toNanos();
        for (var thread : others()) {
            thread.join(Duration.ofNanos(Math.max(1, end - scheduler.nanoTime())));
        }
    }

    /** The handlers, without the one that may be closing the host. */
    private List<Thread> others() {
        var others = new ArrayList<>(threads);
        others.remove(Thread.currentThread());
        return others;
    }
}
