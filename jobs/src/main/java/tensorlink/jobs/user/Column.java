package tensorlink.jobs.user;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Inbox;
import tensorlink.jobs.pipeline.Outbox;
import tensorlink.jobs.pipeline.TensorSizes;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;

/**
 * The user's two ends of a replica's stages: token ids go into the first stage, labels to the last,
 * and results come from there. What passes between the stages does not come by here.
 */
final class Column {
    private final Party party;
    private final JobLimits limits;
    private final FrameStream input;
    private final FrameStream output;
    private final Outbox toFirst;
    private final Outbox toLast;
    private final Consumer<Problem> failed;
    private final ConcurrentMap<Long, Pending> pending = new ConcurrentHashMap<>();

    private Column(
            Party party,
            JobLimits limits,
            FrameStream input,
            FrameStream output,
            int capacity,
            Consumer<Problem> failed) {
        this.party = party;
        this.limits = limits;
        this.input = input;
        this.output = output;
        this.failed = failed;
        this.toFirst =
                Outbox.start(
                        party.scheduler(),
                        "to-first",
                        input,
                        capacity,
                        lost -> fail("first", lost));
        this.toLast =
                Outbox.start(
                        party.scheduler(), "to-last", output, capacity, lost -> fail("last", lost));
    }

    /**
     * Connects to the first and the last stage, which must be loaded.
     *
     * @param replica whose stages these are
     * @param sizes of the tensors to expect
     * @param failed told when a stream is lost later
     */
    static Column connect(
            Party party,
            JobLimits limits,
            JobId job,
            Route route,
            int replica,
            TensorSizes sizes,
            Consumer<Problem> failed)
            throws JobException, InterruptedException {
        int first = route.grid().place(replica, 0);
        int last = first + route.grid().stages() - 1;
        var input = connect(party, limits, job, route, first, Hello.Role.INPUT, 0);
        FrameStream output;
        try {
            output = connect(party, limits, job, route, last, Hello.Role.OUTPUT, sizes.logits());
        } catch (JobException | InterruptedException | RuntimeException failure) {
            input.reset();
            throw failure;
        }
        var column =
                new Column(
                        party, limits, input, output, 2 * sizes.workload().microBatches(), failed);
        party.scheduler().fork("results-" + job, column::listen);
        return column;
    }

    private static FrameStream connect(
            Party party,
            JobLimits limits,
            JobId job,
            Route route,
            int stage,
            Hello.Role role,
            long tensorBytesMax)
            throws JobException, InterruptedException {
        Stream stream = null;
        try {
            var worker = route.stage(stage).worker();
            stream = party.host().open(worker.id(), party.protocols().stage());
            stream.timeout(limits.linkTimeout());
            stream.writeMessage(new Hello(job, stage, role).encode());
            var refused = Hello.decodeAnswer(stream.readMessage(Hello.BYTES_MAX));
            if (refused != null) {
                throw new JobException(refused);
            }
            stream.timeout(Duration.ZERO);
            return new FrameStream(stream, tensorBytesMax);
        } catch (IOException lost) {
            if (stream != null) {
                stream.reset();
            }
            throw new JobException(
                    new Problem(
                            ProblemCode.NOT_READY,
                            "stage " + stage + " cannot be reached",
                            String.valueOf(lost.getMessage()),
                            ""),
                    lost);
        }
    }

    /** A batch on its way, or a share of one; its results come in the order of micro-batches. */
    static final class Pending {
        private final long batch;
        private final BatchWork work;
        private final Inbox<TensorFrame> results;
        private int next;

        private Pending(long batch, BatchWork work) {
            this.batch = batch;
            this.work = work;
            this.results = new Inbox<>(work.microBatches(), TensorFrame::close);
            this.next = work.first();
        }

        boolean has(int microBatch) {
            return work.has(microBatch);
        }
    }

    /** Sends a batch, with its labels where the last stage will compare. */
    Pending submit(long batch, BatchWork work, List<MicroBatch> microBatches)
            throws JobException, InterruptedException {
        var waiting = new Pending(batch, work);
        pending.put(batch, waiting);
        for (var part : microBatches) {
            toFirst.send(
                    new TensorFrame.Activation(
                            batch, part.index(), work, part.inputs().toTensor()));
            if (work.mode().compares()) {
                toLast.send(new TensorFrame.Labels(batch, part.index(), part.labels().toTensor()));
            }
        }
        return waiting;
    }

    /** Asks for the backwards of a batch in {@link BatchWork.Mode#TRAIN_ON_CALL}. */
    void callBackwards(Pending batch) throws JobException, InterruptedException {
        for (int m = batch.work.first(); batch.has(m); m++) {
            toLast.send(new TensorFrame.Seed(batch.batch, m));
        }
    }

    /**
     * Has a batch in {@link BatchWork.Mode#TRAIN_ON_GRADIENT} go back.
     *
     * @param gradient that of a micro-batch's result, which is given away
     */
    void sendGradients(Pending batch, IntFunction<Tensor> gradient)
            throws JobException, InterruptedException {
        for (int m = batch.work.first(); batch.has(m); m++) {
            toLast.send(new TensorFrame.Gradient(batch.batch, m, gradient.apply(m)));
        }
    }

    /**
     * Waits for a batch's next result, which must be of one kind; if it is late, or another, the
     * job fails.
     */
    <F extends TensorFrame> F await(Pending batch, Class<F> kind)
            throws JobException, InterruptedException {
        try {
            var frame =
                    batch.results.take(
                            party.scheduler(),
                            limits.batchTimeout(),
                            new Problem(
                                    ProblemCode.DEADLINE,
                                    "batch " + batch.batch + " is late",
                                    "no result within " + limits.batchTimeout(),
                                    "a worker may be overloaded; ask for the job again"));
            if (!kind.isInstance(frame)) {
                frame.close();
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "the last stage does not do as told",
                        "it sends "
                                + frame.getClass().getSimpleName()
                                + " where "
                                + kind.getSimpleName()
                                + " is due",
                        "ask for the job again; another worker may be found");
            }
            if (!batch.has(frame.microBatch() + 1)) {
                pending.remove(batch.batch);
            }
            return kind.cast(frame);
        } catch (JobException late) {
            failed.accept(late.problem());
            throw late;
        }
    }

    /** Bytes of tensors sent to the first and the last stage. */
    long bytesSent() {
        return input.bytesSent() + output.bytesSent();
    }

    /** Bytes of tensors received from the last stage. */
    long bytesReceived() {
        return output.bytesReceived();
    }

    /** Ends it; whoever waits is told why. */
    void close(Problem reason) {
        pending.values().forEach(batch -> batch.results.fail(reason));
        toFirst.fail(reason);
        toLast.fail(reason);
        input.reset();
        output.reset();
    }

    private void listen() {
        try {
            while (true) {
                var frame = output.receive();
                var batch = pending.get(frame.batch());
                if (batch == null) {
                    frame.close();
                    throw new ProtocolViolation(
                            "result: for batch " + frame.batch() + ", which is not on its way");
                }
                if (frame.microBatch() != batch.next || !batch.has(batch.next)) {
                    frame.close();
                    throw new ProtocolViolation(
                            "result: of micro-batch "
                                    + frame.microBatch()
                                    + ", expected "
                                    + batch.next);
                }
                batch.next++;
                if (!batch.has(batch.next) && frame.tensor() == null) {
                    // Nothing to free, whether or not anybody asks for it.
                    pending.remove(batch.batch);
                }
                batch.results.put(frame);
            }
        } catch (JobException over) {
            // Whoever failed the batch has told the job.
        } catch (ProtocolViolation violation) {
            failed.accept(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "the last stage does not do as told",
                            String.valueOf(violation.getMessage()),
                            "ask for the job again; another worker may be found"));
        } catch (IOException lost) {
            fail("last", lost);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A worker that ends tells why on its control stream first, but another thread reads that: it
     * is given the time of a beat.
     */
    private void fail(String which, IOException lost) {
        var problem =
                new Problem(
                        ProblemCode.WORKER_LOST,
                        "the " + which + " stage is lost",
                        String.valueOf(lost.getMessage()),
                        "ask for the job again; another worker will be found");
        party.scheduler().after(limits.beatInterval(), () -> failed.accept(problem));
    }
}
