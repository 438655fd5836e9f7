package tensorlink.jobs.worker;

import java.nio.file.Path;
import tensorlink.compute.Speed;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Amount;

/**
 * What a worker lends and asks.
 *
 * @param memoryBytes lent to all jobs together
 * @param threads that compute one stage
 * @param speed with these threads, as measured here
 * @param unitPrice asked per token and layer, see {@link tensorlink.jobs.market.Usage}
 * @param folder for journals and vouchers
 */
public record WorkerTerms(
        long memoryBytes,
        int threads,
        Speed speed,
        Amount unitPrice,
        Path folder,
        JobLimits limits) {
    public WorkerTerms {
        if (memoryBytes < 0 || threads < 1) {
            throw new IllegalArgumentException(
                    memoryBytes + " bytes of memory, " + threads + " threads");
        }
    }
}
