package tensorlink.jobs.message;

import java.util.List;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.market.StagePlan;
import tensorlink.p2p.peer.PeerId;

/**
 * How a job stands, as its validator sees it.
 *
 * @param lost workers that it misses, and whom it has found in their place
 */
public record JobStatus(JobState state, List<StagePlan> stages, List<Loss> lost) {
    public JobStatus {
        stages = List.copyOf(stages);
        lost = List.copyOf(lost);
    }

    /** With everybody there. */
    public JobStatus(JobState state, List<StagePlan> stages) {
        this(state, stages, List.of());
    }

    /** A worker that does not show itself, and another that has room for its layers. */
    public record Loss(PeerId worker, PeerId replacement) {}
}
