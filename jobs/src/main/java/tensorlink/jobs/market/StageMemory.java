package tensorlink.jobs.market;

import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MemoryEstimate;
import tensorlink.jobs.job.JobSpec;

/** The memory that a stage of a job is given. */
public final class StageMemory {
    /** More than anybody lends, and little enough to be added up: what a stage beyond it needs. */
    public static final long BYTES_MAX = 1L << 50;

    private StageMemory() {}

    /**
     * Bytes for {@code layers}: every micro-batch that a replica has of a batch may be in flight at
     * once, because the user may ask for the loss before the backwards.
     *
     * @return at most {@link #BYTES_MAX}
     */
    public static long bytes(Architecture config, LayerRange layers, JobSpec spec) {
        var workload = spec.workload();
        // The need grows at most as the positions do; a stranger may name so many that their
        // product wraps around.
        long one = total(config, layers, spec, new MemoryEstimate.Load(1, 1, 1));
        int inFlight = workload.microBatches() / spec.training().replicas();
        double bound = (double) one * workload.rows() * workload.length() * inFlight;
        if (bound >= BYTES_MAX) {
            return BYTES_MAX;
        }
        return total(
                config,
                layers,
                spec,
                new MemoryEstimate.Load(workload.rows(), workload.length(), inFlight));
    }

    private static long total(
            Architecture config, LayerRange layers, JobSpec spec, MemoryEstimate.Load load) {
        var estimate =
                switch (spec.purpose()) {
                    case TRAINING ->
                            MemoryEstimate.ofTraining(config, layers, load, spec.training());
                    case INFERENCE -> MemoryEstimate.ofInference(config, layers, load);
                };
        return estimate.total();
    }
}
