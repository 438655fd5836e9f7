package tensorlink.jobs;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.LayerRange;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.market.Plan;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerId;

/**
 * What a user wants of a job. Start with {@link #training} or {@link #inference} and change what
 * matters.
 *
 * @param workers how many stages to split the model into, those here not counted, on as many
 *     workers each as {@code how} has replicas; 0 for as few as fit
 * @param rows the most sequences of a batch; in inference, of generations at a time
 * @param length the most positions of a sequence; 0 for what the model was made for, at most
 *     {@value #LENGTH_PRESET}
 * @param microBatches how many parts a batch is cut into, a multiple of the replicas
 * @param how how it is trained, if it is
 * @param pinned the workers to use, those of the first replica in the order of stages, then those
 *     of the next; empty for any
 * @param split the layers of each stage of pinned workers; empty for the validator to decide
 * @param firstHere how many of the first layers, with the embedding, stay on this machine
 * @param lastHere how many of the last layers, with the head, stay on this machine
 * @param codec how stages write what they send each other; what is not {@link TensorCodec#lossy}
 *     leaves every bit as it is
 * @param maxPrice the most the job may cost
 * @param lifetime how long it may live
 * @param checkpointEvery after how many steps everything is fetched from the stages and kept: the
 *     most work that is ever done again when a worker is lost
 * @param patience how long to look for other workers when some are lost, before the job fails; zero
 *     to fail at once
 * @param folder where a training is kept, to be begun there, or continued from where it came to;
 *     null for a place of the node's own, until the job is over
 * @param published where the model's files are published, for workers that rather have them from
 *     there; null to send them
 */
public record JobOptions(
        Purpose purpose,
        int workers,
        int rows,
        int length,
        int microBatches,
        TrainingOptions how,
        List<PeerId> pinned,
        List<LayerRange> split,
        int firstHere,
        int lastHere,
        TensorCodec codec,
        Amount maxPrice,
        Duration lifetime,
        int checkpointEvery,
        Duration patience,
        @Nullable Path folder,
        @Nullable Publication published) {
    static final int LENGTH_PRESET = 512;
    static final int CHECKPOINT_EVERY = 100;
    static final Duration PATIENCE = Duration.ofMinutes(10);

    public JobOptions {
        pinned = List.copyOf(pinned);
        split = List.copyOf(split);
        if (rows < 1 || microBatches < 1 || length < 0) {
            throw new IllegalArgumentException(
                    rows + " rows of " + length + " in " + microBatches + " micro-batches");
        }
        if (checkpointEvery < 1) {
            throw new IllegalArgumentException(
                    "a checkpoint every " + checkpointEvery + " steps, at least 1");
        }
        if (firstHere < 0 || lastHere < 0) {
            throw new IllegalArgumentException(
                    firstHere + " layers here at the beginning, " + lastHere + " at the end");
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
                List.of(),
                0,
                0,
                TensorCodec.EXACT,
                Amount.ZERO,
                Duration.ofDays(1),
                CHECKPOINT_EVERY,
                PATIENCE,
                null,
                null);
    }

    public JobOptions workers(int count) {
        return with(it -> it.workers = count);
    }

    /** The largest batch that will come. */
    public JobOptions batch(int mostRows, int mostLength) {
        return with(it -> {
            it.rows = mostRows;
            it.length = mostLength;
        });
    }

    public JobOptions microBatches(int count) {
        return with(it -> it.microBatches = count);
    }

    /** Has each stage on as many workers, which share the micro-batches of a batch. */
    public JobOptions replicas(int count) {
        return with(it -> it.how = it.how.withReplicas(count));
    }

    /** What stages must know of the training from the start, such as room for an optimizer. */
    public JobOptions how(TrainingOptions value) {
        return with(it -> it.how = value);
    }

    /**
     * Uses exactly these workers, the first for the first layers; where there are replicas, those
     * of the first, then those of the next.
     */
    public JobOptions on(List<PeerId> workersInOrder) {
        return with(it -> {
            it.workers = workersInOrder.size();
            it.pinned = workersInOrder;
            it.split = List.of();
        });
    }

    /**
     * Uses exactly these workers for exactly these layers, in as many replicas as are there, and
     * this machine for those here.
     */
    public JobOptions plan(Plan plan) {
        return with(it -> {
            int replicas = plan.grid().replicas();
            it.workers = plan.workers().size() / replicas;
            it.how = it.how.withReplicas(replicas);
            it.pinned = plan.workers();
            it.split = plan.ranges();
            it.firstHere = plan.firstHere();
            it.lastHere = plan.lastHere();
        });
    }

    /**
     * Keeps the ends of the model on this machine: what goes in and what comes out is then seen by
     * no worker. Of a training by its labels the last layers must be here too, for the last stage
     * is told the labels.
     *
     * @param first how many of the first layers, 0 or more
     * @param last how many of the last layers, 0 or more
     */
    public JobOptions here(int first, int last) {
        return with(it -> {
            it.firstHere = first;
            it.lastHere = last;
            it.split = List.of();
        });
    }

    /** Has stages write what they send each other in another way; the preset is exact. */
    public JobOptions codec(TensorCodec value) {
        return with(it -> it.codec = value);
    }

    public JobOptions maxPrice(Amount price) {
        return with(it -> it.maxPrice = price);
    }

    public JobOptions lifetime(Duration duration) {
        return with(it -> it.lifetime = duration);
    }

    public JobOptions checkpointEvery(int steps) {
        return with(it -> it.checkpointEvery = steps);
    }

    public JobOptions patience(Duration longest) {
        return with(it -> it.patience = longest);
    }

    /** Begins a training that is kept in {@code directory}, or continues the one there. */
    public JobOptions keptIn(Path directory) {
        return with(it -> it.folder = directory);
    }

    /**
     * Says where the model's files are published. A worker that has a hub of its own choice then
     * fetches the bytes of its layers there; what does not hash to the same as here, it has from
     * this user nevertheless.
     */
    public JobOptions published(Publication where) {
        return with(it -> it.published = where);
    }

    private JobOptions with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    /** The values while some of them are changed. */
    private static final class Draft {
        private final Purpose purpose;
        private int workers;
        private int rows;
        private int length;
        private int microBatches;
        private TrainingOptions how;
        private List<PeerId> pinned;
        private List<LayerRange> split;
        private int firstHere;
        private int lastHere;
        private TensorCodec codec;
        private Amount maxPrice;
        private Duration lifetime;
        private int checkpointEvery;
        private Duration patience;
        private @Nullable Path folder;
        private @Nullable Publication published;

        Draft(JobOptions from) {
            purpose = from.purpose;
            workers = from.workers;
            rows = from.rows;
            length = from.length;
            microBatches = from.microBatches;
            how = from.how;
            pinned = from.pinned;
            split = from.split;
            firstHere = from.firstHere;
            lastHere = from.lastHere;
            codec = from.codec;
            maxPrice = from.maxPrice;
            lifetime = from.lifetime;
            checkpointEvery = from.checkpointEvery;
            patience = from.patience;
            folder = from.folder;
            published = from.published;
        }

        JobOptions finish() {
            return new JobOptions(
                    purpose,
                    workers,
                    rows,
                    length,
                    microBatches,
                    how,
                    pinned,
                    split,
                    firstHere,
                    lastHere,
                    codec,
                    maxPrice,
                    lifetime,
                    checkpointEvery,
                    patience,
                    folder,
                    published);
        }
    }
}
