package tensorlink.jobs;

import java.time.Duration;
import java.util.List;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.message.StageTimes;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerId;

/**
 * How a job stands.
 *
 * @param detail why it ended, if it did; else empty
 * @param steps how many steps count
 * @param predictedStep how long a step should take, by the workers' measurements and pings; zero if
 *     not known
 * @param measuredStep how long it takes, on average since the second; zero before
 */
public record JobReport(
        JobId job,
        JobState state,
        String detail,
        long steps,
        Duration predictedStep,
        Duration measuredStep,
        List<StageReport> stages) {
    public JobReport {
        stages = List.copyOf(stages);
    }

    /**
     * One stage.
     *
     * @param times as of the last step
     * @param units work that the worker has given receipts for
     * @param paid what it was promised for this job
     */
    public record StageReport(
            PeerId worker,
            LayerRange layers,
            StageTimes times,
            Account account,
            long units,
            Amount paid) {}
}
