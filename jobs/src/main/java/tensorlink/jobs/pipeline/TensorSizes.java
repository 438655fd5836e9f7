package tensorlink.jobs.pipeline;

import tensorlink.compute.Architecture;
import tensorlink.compute.GraphModel;
import tensorlink.compute.ModelConfig;
import tensorlink.jobs.job.Workload;

/**
 * The largest tensors that a job's peers may send each other, so that no stream promises more
 * memory than the job was given: they follow from what was agreed, which a worker has compared with
 * the memory it has.
 *
 * @param bytesMax the largest tensor of any job
 */
public record TensorSizes(Architecture architecture, Workload workload, long bytesMax) {

    /** Bytes of token ids, or what else is given, or labels of a micro-batch. */
    public long tokens() {
        double labels =
                (double) architecture.labelShape(1, workload.length()).elements()
                        * workload.rows()
                        * architecture.labelType().bytes();
        return bounded(Math.max(positions() * architecture.positionBytes().input(), labels));
    }

    /** Bytes of a micro-batch's hidden states, or of their gradient. */
    public long hidden() {
        return bounded(positions() * architecture.positionBytes().edge());
    }

    /** Bytes of a micro-batch's logits. */
    public long logits() {
        return bounded(positions() * architecture.positionBytes().result());
    }

    /** Bytes of what a training user sends the last stage: labels, or gradients of logits. */
    public long returned() {
        return Math.max(tokens(), logits());
    }

    /** Bytes of the embedding, or of its gradient. */
    public long embedding() {
        return switch (architecture) {
            case ModelConfig config ->
                    bounded((double) config.vocabulary() * config.hidden() * Float.BYTES);
            case GraphModel ignored -> 0;
        };
    }

    /** In floating point, which does not wrap around. */
    private double positions() {
        return (double) workload.rows() * workload.length();
    }

    private long bounded(double bytes) {
        return (long) Math.min(bytes, (double) bytesMax);
    }
}
