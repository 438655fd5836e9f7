package tensorlink.p2p.swarm;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;
import tensorlink.p2p.negotiate.Negotiation;
import tensorlink.p2p.negotiate.Negotiation.Progress;

/** Agrees on the protocol of a new stream, on the stream's own thread and within a time limit. */
final class StreamNegotiation {
    private final Scheduler scheduler;
    private final Duration timeout;

    StreamNegotiation(Scheduler scheduler, Duration timeout) {
        this.scheduler = scheduler;
        this.timeout = timeout;
    }

    /**
     * Proposes {@code protocols} in order.
     *
     * @throws UnsupportedProtocolException when the remote serves none of them
     */
    ProtocolId propose(MuxedStream stream, List<ProtocolId> protocols)
            throws IOException, InterruptedException {
        var names = new ArrayList<String>();
        for (var protocol : protocols) {
            names.add(protocol.name());
        }
        var proposal = Negotiation.propose(names);
        return ProtocolId.of(run(stream, proposal, proposal.opening(), names));
    }

    /**
     * Proposes {@code protocol}, which the remote is known to serve, without waiting.
     *
     * @param whenRefused is run if the remote does not serve it any more
     */
    MuxedStream lazy(MuxedStream stream, ProtocolId protocol, Runnable whenRefused)
            throws IOException, InterruptedException {
        var proposal = Negotiation.propose(List.of(protocol.name()));
        write(stream, proposal.opening());
        return new LazyStream(stream, this, proposal, whenRefused);
    }

    /**
     * Waits for the answer to a {@code proposal} that was sent; goes on where it was interrupted.
     */
    void confirm(MuxedStream stream, Negotiation proposal)
            throws IOException, InterruptedException {
        run(stream, proposal, ByteString.EMPTY, List.of());
    }

    void fork(String name, Runnable body) {
        var _ = scheduler.fork(name, body);
    }

    /**
     * Answers proposals until one is served, and returns its name.
     *
     * @throws EOFException when the remote gives up, or goes on as if one that was declined were
     *     served
     */
    String answer(MuxedStream stream, Predicate<String> serves)
            throws IOException, InterruptedException {
        return run(stream, Negotiation.answer(serves), ByteString.EMPTY, List.of());
    }

    private String run(
            MuxedStream stream, Negotiation negotiation, ByteString opening, List<String> names)
            throws IOException, InterruptedException {
        var isLate = new AtomicBoolean();
        var deadline =
                scheduler.after(
                        timeout,
                        () -> {
                            isLate.set(true);
                            stream.reset(StreamError.NEGOTIATION_FAILED);
                        });
        try {
            return exchange(stream, negotiation, opening, names);
        } catch (IOException failure) {
            if (isLate.get()) {
                throw new StreamTimeoutException(
                        "agreeing on a protocol took longer than " + timeout);
            }
            throw failure;
        } finally {
            deadline.cancel();
        }
    }

    /** Replies are held back while input waits, so that they leave in one frame. */
    private static String exchange(
            MuxedStream stream, Negotiation negotiation, ByteString opening, List<String> names)
            throws IOException, InterruptedException {
        var reply = opening;
        while (true) {
            if (!reply.isEmpty() && stream.available() == 0) {
                write(stream, reply);
                reply = ByteString.EMPTY;
            }
            var next = new byte[negotiation.wanted()];
            int count = stream.read(MemorySegment.ofArray(next));
            if (count < 0) {
                throw new EOFException("the remote ended the stream before a protocol was agreed");
            }
            Progress progress;
            try {
                progress = negotiation.accept(next, count);
            } catch (ProtocolViolation violation) {
                if (!negotiation.hasDeclined()) {
                    throw violation;
                }
                // Who opens lazily has not waited: this was meant for the protocol declined.
                write(stream, reply);
                throw new EOFException("the remote went on with a protocol that is not served");
            }
            switch (progress) {
                case Progress.Pending() -> {}
                case Progress.Send(var bytes) -> reply = reply.concat(bytes);
                case Progress.Agreed(var protocol, var bytes) -> {
                    write(stream, reply.concat(bytes));
                    return protocol;
                }
                case Progress.Refused() ->
                        throw new UnsupportedProtocolException("the peer serves none of " + names);
            }
        }
    }

    private static void write(MuxedStream stream, ByteString bytes)
            throws IOException, InterruptedException {
        stream.write(MemorySegment.ofArray(bytes.toByteArray()));
    }
}
