package tensorlink.jobs.pipeline;

import tensorlink.compute.ModelConfig;
import tensorlink.jobs.job.Workload;

/**
 * The largest tensors that a job's peers may send each other, so that no stream promises more
 * memory than the job was given.
 *
 * @param bytesMax the largest tensor of any job
 */
public record TensorSizes(ModelConfig config, Workload workload, long bytesMax) {

    /** Bytes of token ids or labels of a micro-batch. */
    public long tokens() {
        double labels = (double) workload.rows() * config.labelsPerRow(workload.length());
        return bounded(Math.max(positions(), labels) * Long.BYTES);
    }

    /** Bytes of a micro-batch's hidden states, or of their gradient. */
    public long hidden() {
        return bounded(positions() * Float.BYTES * config.edgeWidth());
    }

    /** Bytes of a micro-batch's logits. */
    public long logits() {
        return bounded(positions() * Float.BYTES * config.resultWidth());
    }

    /** Bytes of the embedding, or of its gradient. */
    public long embedding() {
        return bounded((double) config.vocabulary() * config.hidden() * Float.BYTES);
    }

    /** In floating point, which does not wrap around. */
    private double positions() {
        return (double) workload.rows() * workload.length();
    }

    private long bounded(double bytes) {
        return (long) Math.min(bytes, (double) bytesMax);
    }
}
