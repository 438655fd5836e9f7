package tensorlink.jobs.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/** Reads one job's tensors from one peer, over one stream. For one thread at a time. */
public final class WeightsClient implements AutoCloseable {
    private static final int ANSWER_BYTES_MAX = 4096;

    private final Stream stream;
    private final JobId job;

    private WeightsClient(Stream stream, JobId job) {
        this.stream = stream;
        this.job = job;
    }

    /**
     * Connects to {@code peer}.
     *
     * @param silenceMax the longest to wait for the next bytes
     */
    public static WeightsClient open(
            Host host, Protocols protocols, PeerId peer, JobId job, Duration silenceMax)
            throws IOException, InterruptedException {
        var stream = host.open(peer, protocols.weights());
        stream.timeout(silenceMax);
        return new WeightsClient(stream, job);
    }

    /**
     * Fills {@code target} from a tensor, starting {@code offset} bytes into it. The bytes are not
     * checked.
     *
     * @throws JobException when the peer will not send them
     */
    public void read(WeightsQuestion.What what, String tensor, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        stream.writeMessage(
                new WeightsQuestion(job, what, tensor, offset, target.byteSize()).encode());
        var refused = WeightsQuestion.decodeAnswer(stream.readMessage(ANSWER_BYTES_MAX));
        if (refused != null) {
            throw new JobException(refused);
        }
        stream.readFully(target);
    }

    /** Ends a read in progress, and all later ones, with a failure. */
    public void abort() {
        stream.reset();
    }

    @Override
    public void close() {
        stream.close();
    }
}
