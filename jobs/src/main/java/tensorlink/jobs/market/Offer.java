package tensorlink.jobs.market;

import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.Sealed;
import tensorlink.ledger.Account;

/**
 * A validator's question to a worker: will you hold these layers for this user?
 *
 * @param request the user's own signed request, for the worker to judge
 * @param stage the place of the layers among {@code stages}, from 0
 * @param memoryBytes what the stage is expected to need
 * @param arbiter whom the agreement must name to judge disputes; {@link Account#ZERO} for nobody
 */
public record Offer(
        Sealed<JobRequest> request,
        int stage,
        int stages,
        LayerRange layers,
        long memoryBytes,
        Account arbiter) {
    /** An offer of a job in which nobody judges. */
    public Offer(
            Sealed<JobRequest> request, int stage, int stages, LayerRange layers, long memory) {
        this(request, stage, stages, layers, memory, Account.ZERO);
    }

    public Offer {
        if (stages < 1 || stage < 0 || stage >= stages) {
            throw new IllegalArgumentException("stage " + stage + " of " + stages);
        }
        if (memoryBytes < 0) {
            throw new IllegalArgumentException("memory of " + memoryBytes + " bytes");
        }
    }
}
