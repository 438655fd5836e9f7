package tensorlink.jobs.market;

import tensorlink.compute.LayerRange;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.ModelConfig;
import tensorlink.jobs.job.JobSpec;

/** The memory that a stage of a job is given. */
public final class StageMemory {
    private StageMemory() {}

    /**
     * Bytes for {@code layers}: every micro-batch of a batch may be in flight at once, because the
     * user may ask for the loss before the backwards.
     */
    public static long bytes(ModelConfig config, LayerRange layers, JobSpec spec) {
        var workload = spec.workload();
        var load =
                new MemoryEstimate.Load(
                        workload.rows(), workload.length(), workload.microBatches());
        var estimate =
                switch (spec.purpose()) {
                    case TRAINING -> MemoryEstimate.ofTraining(config, layers, load);
                    case INFERENCE -> MemoryEstimate.ofInference(config, layers, load);
                };
        return estimate.total();
    }
}
