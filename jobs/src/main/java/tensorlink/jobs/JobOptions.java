package tensorlink.jobs;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
 * @param checkpointEvery after how many steps everything is fetched from the stages and kept: the
 *     most work that is ever done again when a worker is lost
 * @param patience how long to look for other workers when some are lost, before the job fails; zero
 *     to fail at once
 * @param folder where a training is kept, to be begun there, or continued from where it came to;
 *     null for a place of the node's own, until the job is over
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
        Duration lifetime,
        int checkpointEvery,
        Duration patience,
        @Nullable Path folder) {
    static final int LENGTH_PRESET = 512;
    static final int CHECKPOINT_EVERY = 100;
    static final Duration PATIENCE = Duration.ofMinutes(10);

    public JobOptions {
        pinned = List.copyOf(pinned);
        if (rows < 1 || microBatches < 1 || length < 0) {
            throw new IllegalArgumentException(
                    rows + " rows of " + length + " in " + microBatches + " micro-batches");
        }
        if (checkpointEvery < 1) {
            throw new IllegalArgumentException(
                    "a checkpoint every " + checkpointEvery + " steps, at least 1");
        }
        if (patience.isNegative()) {
            throw new IllegalArgumentException("patience " + patience + ", zero or more");
        }
    }

    /** Forward, backward and steps: batches of up to 8 rows in 4 micro-batches, free of charge. */
    public static JobOptions training() {
        return preset(Purpose.TRAINING, 8, 4);
    }

    /** Forward only: one generation at a time, free of charge. */
    public static JobOptions inference() {
        return preset(Purpose.INFERENCE, 1, 1);
    }

    private static JobOptions preset(Purpose purpose, int rows, int microBatches) {
        return new JobOptions(
                purpose,
                0,
                rows,
                0,
                microBatches,
                TrainingOptions.defaults(),
                List.of(),
                Amount.ZERO,
                Duration.ofDays(1),
                CHECKPOINT_EVERY,
                PATIENCE,
                null);
    }

    public JobOptions workers(int count) {
        return new JobOptions(
                purpose,
                count,
                rows,
                length,
                microBatches,
                how,
                pinned,
                maxPrice,
                lifetime,
                checkpointEvery,
                patience,
                folder);
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
                lifetime,
                checkpointEvery,
                patience,
                folder);
    }

    public JobOptions microBatches(int count) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                count,
                how,
                pinned,
                maxPrice,
                lifetime,
                checkpointEvery,
                patience,
                folder);
    }

    /** What stages must know of the training from the start, such as room for an optimizer. */
    public JobOptions how(TrainingOptions value) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                value,
                pinned,
                maxPrice,
                lifetime,
                checkpointEvery,
                patience,
                folder);
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
                lifetime,
                checkpointEvery,
                patience,
                folder);
    }

    public JobOptions maxPrice(Amount price) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                how,
                pinned,
                price,
                lifetime,
                checkpointEvery,
                patience,
                folder);
    }

    public JobOptions lifetime(Duration duration) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                how,
                pinned,
                maxPrice,
                duration,
                checkpointEvery,
                patience,
                folder);
    }

    public JobOptions checkpointEvery(int steps) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                how,
                pinned,
                maxPrice,
                lifetime,
                steps,
                patience,
                folder);
    }

    public JobOptions patience(Duration longest) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                how,
                pinned,
                maxPrice,
                lifetime,
                checkpointEvery,
                longest,
                folder);
    }

    /** Begins a training that is kept in {@code directory}, or continues the one there. */
    public JobOptions keptIn(Path directory) {
        return new JobOptions(
                purpose,
                workers,
                rows,
                length,
                microBatches,
                how,
                pinned,
                maxPrice,
                lifetime,
                checkpointEvery,
                patience,
                directory);
    }
}
