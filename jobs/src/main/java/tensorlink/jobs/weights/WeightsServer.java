package tensorlink.jobs.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.peer.PeerId;

/** Serves the weights protocol for the jobs of this node. */
public final class WeightsServer implements StreamHandler {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PIECE_BYTES = 1 << 20;

    private final ConcurrentMap<JobId, Source> sources = new ConcurrentHashMap<>();

    /** Where one job's tensors are read from. */
    public interface Source {

        /** Whether {@code peer} may read a tensor, if it is here. */
        boolean admits(PeerId peer, String tensor);

        /**
         * The values of a tensor; empty when there is no such tensor here.
         *
         * @throws JobException when there is, but it cannot be had now
         */
        Optional<Content> open(WeightsQuestion.What what, String tensor)
                throws IOException, InterruptedException;
    }

    /** A tensor's bytes. */
    public interface Content extends AutoCloseable {

        long byteSize();

        /** Reads part of the bytes, within their size. */
        void read(long offset, MemorySegment target) throws IOException, InterruptedException;

        @Override
        default void close() {}
    }

    /** Serves {@code job} until {@link #withdraw}. */
    public void offer(JobId job, Source source) {
        sources.put(job, source);
    }

    public void withdraw(JobId job) {
        sources.remove(job);
    }

    @Override
    public void handle(Stream stream) throws IOException, InterruptedException {
        stream.timeout(PATIENCE);
        for (var message = stream.nextMessage(WeightsQuestion.BYTES_MAX);
                message.isPresent();
                message = stream.nextMessage(WeightsQuestion.BYTES_MAX)) {
            answer(stream, WeightsQuestion.decode(message.get()));
        }
    }

    private void answer(Stream stream, WeightsQuestion question)
            throws IOException, InterruptedException {
        var source = sources.get(question.job());
        var peer = stream.connection().remotePeer();
        if (source == null || !source.admits(peer, question.tensor())) {
            refuse(
                    stream,
                    new Problem(
                            ProblemCode.NOT_ALLOWED,
                            "no weights for job " + question.job(),
                            peer.shortText() + " has no part in it here, or none with this tensor",
                            ""));
            return;
        }
        Optional<Content> found;
        try {
            found = source.open(question.what(), question.tensor());
        } catch (JobException refused) {
            refuse(stream, refused.problem());
            return;
        }
        if (found.isEmpty()) {
            refuse(stream, missing(question, "which is not here"));
            return;
        }
        try (var content = found.get()) {
            long size = content.byteSize();
            if (question.length() > size || question.offset() > size - question.length()) {
                refuse(stream, missing(question, "which has " + size + " bytes"));
                return;
            }
            stream.writeMessage(WeightsQuestion.encodeAnswer(null));
            send(stream, content, question);
        }
    }

    private static void send(Stream stream, Content content, WeightsQuestion question)
            throws IOException, InterruptedException {
        try (var arena = Arena.ofConfined()) {
            var piece = arena.allocate(Math.min(PIECE_BYTES, Math.max(1, question.length())));
            for (long sent = 0; sent < question.length(); ) {
                var part = piece.asSlice(0, Math.min(PIECE_BYTES, question.length() - sent));
                content.read(question.offset() + sent, part);
                stream.write(part);
                sent += part.byteSize();
            }
        }
    }

    private static void refuse(Stream stream, Problem problem)
            throws IOException, InterruptedException {
        stream.writeMessage(WeightsQuestion.encodeAnswer(problem));
    }

    private static Problem missing(WeightsQuestion question, String why) {
        return new Problem(
                ProblemCode.WEIGHTS,
                "no such weights",
                question.length()
                        + " bytes at "
                        + question.offset()
                        + " of tensor "
                        + question.tensor()
                        + ", "
                        + why,
                "");
    }
}
