package tensorlink.jobs.market;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.p2p.peer.PeerId;

/**
 * The workers of a job, counted through as its {@link Grid} says: the stages of the first replica,
 * which together hold every layer once, then those of the next.
 *
 * @param predicted how long a step will take, by what the workers measured; zero where that is not
 *     known
 * @param arbiter who judges disputes; {@link Account#ZERO} for nobody
 */
public record JobPlan(JobId job, List<StagePlan> stages, Duration predicted, Account arbiter) {
    public JobPlan(JobId job, List<StagePlan> stages) {
        this(job, stages, Duration.ZERO, Account.ZERO);
    }

    public JobPlan {
        stages = List.copyOf(stages);
        Grid.of(stages.stream().map(StagePlan::layers).toList());
        var workers = new HashSet<PeerId>();
        for (var stage : stages) {
            if (!workers.add(stage.worker().id())) {
                throw new IllegalArgumentException(
                        "worker " + stage.worker().id() + " holds two stages");
            }
        }
    }

    /** How its places lie. */
    public Grid grid() {
        return Grid.of(stages.stream().map(StagePlan::layers).toList());
    }

    /** How many layers the plan covers. */
    public int layers() {
        return stages.getLast().layers().end();
    }
}
