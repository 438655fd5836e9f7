package tensorlink.jobs;

import java.time.Duration;
import java.util.List;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.job.Purpose;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerId;

/**
 * What a user wants of a job. Start with {@link #training} or {@link #inference} and change what
 * matters.
 *
 * @param workers how many stages to split the model into; 0 for as few as fit
 * @param rows the most sequences of a batch; in inference, of generations at a time
 * @param length the most positions of a sequence; 0 for what the model was made for, at most
 *     {@value #LENGTH_PRESET}
 * @param microBatches how many parts a batch is cut into
 * @param how how it is trained, if it is
 * @param pinned the workers to use, one per stage in order; empty for any
 * @param maxPrice the most the job may cost
 * @param lifetime how long it may live
 */
public record JobOptions(
        Purpose purpose,
        int workers,
        int rows,
        int length,
        int microBatches,
        TrainingOptions how,
        List<PeerId> pinned,
        Amount maxPrice,
        Duration lifetime) {
    static final int LENGTH_PRESET = 512;

    public JobOptions {
        pinned = List.copyOf(pinned);
        if (rows < 1 || microBatches < 1 || length < 0) {
            throw new IllegalArgumentException(
                    rows + " rows of " + length + " in " + microBatches + " micro-batches");
        }
    }

    /** Forward, backward and steps: batches of up to 8 rows in 4 micro-batches, free of charge. */
    public static JobOptions training() {
        return new JobOptions(
                Purpose.TRAINING,
                0,
                8,
                0,
                4,
                TrainingOptions.defaults(),
                List.of(),
                Amount.ZERO,
                Duration.ofDays(1));
    }

    /** Forward only: one generation at a time, free of charge. */
    public static JobOptions inference() {
        return new JobOptions(
                Purpose.INFERENCE,
                0,
                1,
                0,
                1,
                TrainingOptions.defaults(),
                List.of(),
                Amount.ZERO,
                Duration.ofDays(1));
    }

    public JobOptions workers(int count) {
        return new JobOptions(
                purpose, count, rows, length, microBatches, how, pinned, maxPrice, lifetime);
    }

    /** The largest batch that will come. */
    public JobOptions batch(int mostRows, int mostLength) {
        return new JobOptions(
                purpose,
                workers,
                mostRows,
                mostLength,
                microBatches,
                how,
                pinned,
                maxPrice,
                lifetime);
    }

    public JobOptions microBatches(int count) {
        return new JobOptions(
                purpose, workers, rows, length, count, how, pinned, maxPrice, lifetime);
    }

    /** What stages must know of the training from the start, such as room for an optimizer. */
    public JobOptions how(TrainingOptions training) {
        return new JobOptions(
                purpose, workers, rows, length, microBatches, training, pinned, maxPrice, lifetime);
    }

    /** Uses exactly these workers, the first for the first layers. */
    public JobOptions on(List<PeerId> workersInOrder) {
        return new JobOptions(
                purpose,
                workersInOrder.size(),
                rows,
                length,
                microBatches,
                how,
                workersInOrder,
                maxPrice,
                lifetime);
    }

    public JobOptions maxPrice(Amount price) {
        return new JobOptions(
                purpose, workers, rows, length, microBatches, how, pinned, price, lifetime);
    }

    public JobOptions lifetime(Duration duration) {
        return new JobOptions(
                purpose, workers, rows, length, microBatches, how, pinned, maxPrice, duration);
    }
}
