package tensorlink.jobs.worker;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Speed;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.weights.PublishedWeights;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerId;

/**
 * What a worker lends and asks.
 *
 * @param memoryBytes lent to all jobs together
 * @param threads that compute one stage
 * @param speed with these threads, as measured here
 * @param unitPrice asked per token and layer, see {@link tensorlink.jobs.market.Usage}
 * @param folder for journals and vouchers
 * @param only the one user whose jobs it takes; null for anybody's
 * @param hub where it has published weights from, rather than from users; null to ask users
 */
public record WorkerTerms(
        long memoryBytes,
        int threads,
        Speed speed,
        Amount unitPrice,
        Path folder,
        JobLimits limits,
        @Nullable PeerId only,
        @Nullable PublishedWeights hub) {
    /** For anybody's jobs. */
    public WorkerTerms(
            long memoryBytes,
            int threads,
            Speed speed,
            Amount unitPrice,
            Path folder,
            JobLimits limits) {
        this(memoryBytes, threads, speed, unitPrice, folder, limits, null, null);
    }

    /** For the jobs of {@code only}. */
    public WorkerTerms(
            long memoryBytes,
            int threads,
            Speed speed,
            Amount unitPrice,
            Path folder,
            JobLimits limits,
            PeerId only) {
        this(memoryBytes, threads, speed, unitPrice, folder, limits, only, null);
    }

    public WorkerTerms {
        if (memoryBytes < 0 || threads < 1) {
            throw new IllegalArgumentException(
                    memoryBytes + " bytes of memory, " + threads + " threads");
        }
    }

    /** Has published weights from {@code other}. */
    public WorkerTerms hub(@Nullable PublishedWeights other) {
        return new WorkerTerms(memoryBytes, threads, speed, unitPrice, folder, limits, only, other);
    }
}
