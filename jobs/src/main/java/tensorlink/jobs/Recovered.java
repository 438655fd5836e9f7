package tensorlink.jobs;

import java.time.Duration;
import java.util.List;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.p2p.peer.PeerId;

/**
 * A job goes on after workers were lost, or the connections to them.
 *
 * @param problem why it could not
 * @param job under which it goes on: the same where its workers have kept it, another with others,
 *     which are other agreements
 * @param workers that it goes on with, one per stage
 * @param replayed steps that were done again
 * @param took from the loss to where the job was before it
 */
public record Recovered(
        Problem problem, JobId job, List<PeerId> workers, long replayed, Duration took) {
    public Recovered {
        workers = List.copyOf(workers);
    }
}
