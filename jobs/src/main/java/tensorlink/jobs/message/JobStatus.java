package tensorlink.jobs.message;

import java.util.List;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.market.StagePlan;

/** How a job stands, as its validator sees it. */
public record JobStatus(JobState state, List<StagePlan> stages) {
    public JobStatus {
        stages = List.copyOf(stages);
    }
}
