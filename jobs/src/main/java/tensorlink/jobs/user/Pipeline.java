package tensorlink.jobs.user;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.ObjIntConsumer;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.TensorSizes;

/**
 * The user's ends of a job's stages, with a {@link Column} for each replica. A batch is shared by
 * the replicas; its results come in the order of its micro-batches, whoever computes them.
 */
public final class Pipeline {
    private final Grid grid;
    private final List<Column> columns;

    /** The last batch that each column has been sent. */
    private final long[] last;

    private Pipeline(Grid grid, List<Column> columns) {
        this.grid = grid;
        this.columns = List.copyOf(columns);
        this.last = new long[columns.size()];
    }

    /**
     * Connects to the first and the last stage of each replica, which must be loaded.
     *
     * @param sizes of the tensors to expect
     * @param failed told of what is lost later, and the place of the last stage there
     */
    public static Pipeline connect(
            Party party,
            JobLimits limits,
            JobId job,
            Route route,
            TensorSizes sizes,
            ObjIntConsumer<Problem> failed)
            throws JobException, InterruptedException {
        var grid = route.grid();
        var columns = new ArrayList<Column>();
        try {
            for (int replica = 0; replica < grid.replicas(); replica++) {
                int end = grid.place(replica, grid.stages() - 1);
                columns.add(
                        Column.connect(
                                party,
                                limits,
                                job,
                                route,
                                replica,
                                sizes,
                                problem -> failed.accept(problem, end)));
            }
        } catch (JobException failure) {
            columns.forEach(column -> column.close(failure.problem()));
            throw failure;
        }
        return new Pipeline(grid, columns);
    }

    /** A batch on its way; its results come in the order of its micro-batches. */
    public static final class Pending {
        private final long batch;
        private final int microBatches;
        private final List<Optional<Column.Pending>> shares;
        private int awaited;

        private Pending(long batch, int microBatches, List<Optional<Column.Pending>> shares) {
            this.batch = batch;
            this.microBatches = microBatches;
            this.shares = List.copyOf(shares);
        }

        public long batch() {
            return batch;
        }

        public int microBatches() {
            return microBatches;
        }

        private int replica(int microBatch) {
            for (int replica = 0; replica < shares.size(); replica++) {
                if (shares.get(replica).filter(share -> share.has(microBatch)).isPresent()) {
                    return replica;
                }
            }
            throw new IllegalArgumentException("micro-batch " + microBatch + " of " + microBatches);
        }
    }

    /** Sends a batch, with its labels where the last stages will compare. */
    public Pending submit(long batch, BatchWork work, List<MicroBatch> microBatches)
            throws JobException, InterruptedException {
        var sent = new ArrayList<Optional<Column.Pending>>();
        for (var share : MicroBatch.share(microBatches, columns.size())) {
            if (share.isEmpty()) {
                sent.add(Optional.empty());
                continue;
            }
            int replica = sent.size();
            var own = work.share(share.getFirst().index(), share.size());
            sent.add(Optional.of(columns.get(replica).submit(batch, own, share)));
            last[replica] = batch;
        }
        return new Pending(batch, microBatches.size(), sent);
    }

    /** The last batch that the worker at {@code place} has a part in; 0 before the first. */
    public long lastBatch(int place) {
        return last[grid.replica(place)];
    }

    /** The place of the worker that gives the result of a micro-batch. */
    public int teller(Pending batch, int microBatch) {
        return grid.place(batch.replica(microBatch), grid.stages() - 1);
    }

    /** Asks for the backwards of a batch in {@link BatchWork.Mode#TRAIN_ON_CALL}. */
    public void callBackwards(Pending batch) throws JobException, InterruptedException {
        for (int replica = 0; replica < columns.size(); replica++) {
            var share = batch.shares.get(replica);
            if (share.isPresent()) {
                columns.get(replica).callBackwards(share.get());
            }
        }
    }

    /**
     * Has a batch in {@link BatchWork.Mode#TRAIN_ON_GRADIENT} go back.
     *
     * @param gradient that of a micro-batch's result, which is given away
     */
    public void sendGradients(Pending batch, IntFunction<Tensor> gradient)
            throws JobException, InterruptedException {
        for (int replica = 0; replica < columns.size(); replica++) {
            var share = batch.shares.get(replica);
            if (share.isPresent()) {
                columns.get(replica).sendGradients(share.get(), gradient);
            }
        }
    }

    /**
     * Waits for a batch's next result, which must be of one kind; if it is late, or another, the
     * job fails.
     */
    public <F extends TensorFrame> F await(Pending batch, Class<F> kind)
            throws JobException, InterruptedException {
        int replica = batch.replica(batch.awaited);
        batch.awaited++;
        return columns.get(replica).await(batch.shares.get(replica).orElseThrow(), kind);
    }

    /** Bytes of tensors sent to the first and the last stages. */
    public long bytesSent() {
        return columns.stream().mapToLong(Column::bytesSent).sum();
    }

    /** Bytes of tensors received from the last stages. */
    public long bytesReceived() {
        return columns.stream().mapToLong(Column::bytesReceived).sum();
    }

    /** Ends it; whoever waits is told why. */
    public void close(Problem reason) {
        columns.forEach(column -> column.close(reason));
    }
}
