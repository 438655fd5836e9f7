package tensorlink.jobs.market;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.p2p.peer.PeerId;

/**
 * The workers of a job, stage by stage; together they hold every layer once.
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
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a plan without stages");
        }
        int next = 0;
        var workers = new HashSet<PeerId>();
        for (var stage : stages) {
            if (stage.layers().first() != next) {
                throw new IllegalArgumentException(
                        "stages leave a gap or overlap at layer " + next + ": " + stage.layers());
            }
            if (!workers.add(stage.worker().id())) {
                throw new IllegalArgumentException(
                        "worker " + stage.worker().id() + " holds two stages");
            }
            next = stage.layers().end();
        }
    }

    /** How many layers the plan covers. */
    public int layers() {
        return stages.getLast().layers().end();
    }
}
