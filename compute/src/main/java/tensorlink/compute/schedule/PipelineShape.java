package tensorlink.compute.schedule;

/**
 * What a schedule is made for.
 *
 * @param workers in a row
 * @param chunks of layers on each worker: the stages are dealt round by round, so that stage {@code
 *     s} is chunk {@code s / workers} of worker {@code s % workers}
 * @param microBatches of a batch
 */
public record PipelineShape(int workers, int chunks, int microBatches) {
    public PipelineShape {
        if (workers < 1 || chunks < 1 || microBatches < 1) {
            throw new IllegalArgumentException(
                    "workers %d, chunks %d, micro-batches %d: each at least 1"
                            .formatted(workers, chunks, microBatches));
        }
    }

    /** Each worker has one chunk. */
    public PipelineShape(int workers, int microBatches) {
        this(workers, 1, microBatches);
    }

    /**
     * What each of some replicas of the pipeline has of a batch.
     *
     * @throws IllegalArgumentException when they cannot share its micro-batches evenly
     */
    public PipelineShape share(int replicas) {
        if (replicas < 1 || microBatches % replicas != 0) {
            throw new IllegalArgumentException(
                    "micro-batches "
                            + microBatches
                            + ", expected a multiple of the "
                            + replicas
                            + " replicas");
        }
        return new PipelineShape(workers, chunks, microBatches / replicas);
    }

    public int stages() {
        return workers * chunks;
    }

    int stage(int worker, int chunk) {
        return chunk * workers + worker;
    }

    void requireWorker(int worker) {
        if (worker < 0 || worker >= workers) {
            throw new IllegalArgumentException("worker " + worker + " of " + workers);
        }
    }
}
