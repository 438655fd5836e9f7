package tensorlink.jobs.pipeline;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.KvCache;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Sampler;
import tensorlink.compute.Stage;
import tensorlink.compute.StageLostException;
import tensorlink.compute.optim.Update;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.schedule.Step;
import tensorlink.compute.tensor.CodecError;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.StageTimes;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.message.TensorFrame.Activation;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;

/**
 * A worker's loop over one stage: takes batches as they come and runs their forwards and backwards
 * in the order of the schedule.
 *
 * <p>Threads: {@link #run} owns the loop. Each stream has a reader ({@link #readInput} and its
 * like) that only checks and queues frames, and an {@link Outbox}. {@link #prepare}, {@link
 * #commit} and {@link #abandon} are called by the control stream's thread and wait until the loop
 * has come far enough. The first failure of any of them ends all of them, through {@link #fail}.
 *
 * <p>Nothing here depends on how many stages there are, except that the first has no one to send
 * gradients to and the last compares with labels: so one stage alone runs the same code, in the
 * same order, as many.
 */
public final class StageRunner {
    private static final Logger log = LoggerFactory.getLogger(StageRunner.class);

    private final Stage stage;
    private final Place place;
    private final int index;
    private final Workload workload;
    private final Neighbours neighbours;
    private final Stopwatch stopwatch;

    private final Inbox<Activation> inputs;
    private final Inbox<TensorFrame.Labels> labels;
    private final Inbox<Returning> returning;
    private final Inbox<TensorFrame.TiedGradient> tied;
    private final ReplicaSum replicas;
    private final Progress batches = new Progress(0);
    private final Progress steps;
    private final AtomicLong usage = new AtomicLong();
    private final AtomicLong bytesReceived = new AtomicLong();
    private final Map<Long, KvCache> caches = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable Problem> failure = new AtomicReference<>();

    /**
     * Where a stage's results go.
     *
     * @param previous gets gradients; null on the first stage
     * @param next gets activations; null on the last stage
     * @param results gets losses, logits and tokens; null but on the last stage
     * @param tied exchanges the gradient of shared weights; null where nothing is shared
     * @param replicas exchange gradients of this stage, by their number; this one's is missing
     */
    public record Neighbours(
            @Nullable Outbox previous,
            @Nullable Outbox next,
            @Nullable Outbox results,
            @Nullable Outbox tied,
            Map<Integer, Outbox> replicas) {
        public Neighbours {
            replicas = Map.copyOf(replicas);
        }

        private List<Outbox> outboxes() {
            var inRow = Stream.of(previous, next, results, tied).flatMap(Stream::ofNullable);
            return Stream.concat(inRow, replicas.values().stream()).toList();
        }
    }

    /** Which stage of which replica this is, and how the stages take turns. */
    public record Place(Grid grid, int place, Schedule schedule) {
        private int index() {
            return grid.stage(place);
        }

        private List<Step> steps(Schedule order, int microBatches) {
            return order.steps(new PipelineShape(grid.stages(), microBatches), index());
        }
    }

    /**
     * @param workload the largest batch to accept
     */
    public StageRunner(
            Stage stage,
            Place place,
            Workload workload,
            Neighbours neighbours,
            Scheduler scheduler) {
        this.stage = stage;
        this.place = place;
        this.index = place.index();
        this.workload = workload;
        this.neighbours = neighbours;
        this.stopwatch = new Stopwatch(scheduler);
        this.steps = new Progress(stage.step());
        int capacity = workload.microBatches();
        this.inputs = new Inbox<>(capacity, TensorFrame::close);
        this.labels = new Inbox<>(capacity, TensorFrame::close);
        this.returning = new Inbox<>(capacity + 1, Returning::close);
        this.tied = new Inbox<>(1, TensorFrame::close);
        this.replicas = new ReplicaSum(place.grid().replica(place.place()), neighbours.replicas());
    }

    // Readers: one per stream, until it ends.

    /** Queues what the previous stage, or the user, sends. */
    public void readInput(FrameStream stream) throws IOException, InterruptedException {
        while (true) {
            var frame = receive(stream);
            if (!(frame instanceof Activation activation)) {
                throw unexpected(frame, "an activation");
            }
            try {
                check(activation);
            } catch (ProtocolViolation violation) {
                activation.close();
                throw violation;
            }
            inputs.put(activation);
        }
    }

    /** Queues the gradients that the next stage sends back. */
    public void readGradients(FrameStream stream) throws IOException, InterruptedException {
        while (true) {
            var frame = receive(stream);
            if (!(frame instanceof TensorFrame.Gradient gradient)) {
                throw unexpected(frame, "a gradient");
            }
            returning.put(
                    new Returning.Gradient(
                            gradient.batch(), gradient.microBatch(), gradient.tensor()));
        }
    }

    /** Last stage: queues labels, calls for backwards and gradients from the user. */
    public void readOutput(FrameStream stream) throws IOException, InterruptedException {
        while (true) {
            var frame = receive(stream);
            switch (frame) {
                case TensorFrame.Labels sent -> labels.put(sent);
                case TensorFrame.Seed(var batch, var microBatch) ->
                        returning.put(new Returning.Seed(batch, microBatch));
                case TensorFrame.Gradient(var batch, var microBatch, var tensor) ->
                        returning.put(new Returning.Gradient(batch, microBatch, tensor));
                case Activation _,
                        TensorFrame.Loss _,
                        TensorFrame.Logits _,
                        TensorFrame.Token _,
                        TensorFrame.TiedGradient _,
                        TensorFrame.GradientPart _,
                        TensorFrame.GradientSum _ ->
                        throw unexpected(frame, "labels or a gradient");
            }
        }
    }

    /** Queues the other stage's part of a shared gradient. */
    public void readTied(FrameStream stream) throws IOException, InterruptedException {
        while (true) {
            var frame = receive(stream);
            if (!(frame instanceof TensorFrame.TiedGradient gradient)) {
                throw unexpected(frame, "a shared gradient");
            }
            tied.put(gradient);
        }
    }

    /** The largest tensor that replicas of a stage send each other, in bytes. */
    public static long replicaBytesMax(Grid grid) {
        return (long) ReplicaSum.numbersAtOnce(grid.replicas()) * Float.BYTES;
    }

    /** Queues what another replica of this stage sends. */
    public void readReplica(int replica, FrameStream stream)
            throws IOException, InterruptedException {
        while (true) {
            var frame = receive(stream);
            if (frame instanceof TensorFrame.GradientPart part) {
                replicas.received(replica, part);
            } else if (frame instanceof TensorFrame.GradientSum sum) {
                replicas.received(replica, sum);
            } else {
                throw unexpected(frame, "gradients of a replica");
            }
        }
    }

    // The loop.

    /**
     * Runs batches until {@link #fail} ends it; then frees the generations' caches.
     *
     * @return why it ended
     */
    public Problem run() {
        try {
            while (true) {
                try (var first = inputs.take()) {
                    runBatch(first);
                    batches.reach(first.batch());
                }
            }
        } catch (JobException ended) {
            fail(ended.problem());
        } catch (ProtocolViolation violation) {
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "stage " + index + " stopped",
                            String.valueOf(violation.getMessage()),
                            "the peers of this job do not agree on its batches"));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            fail(
                    new Problem(
                            ProblemCode.ENDED, "stage " + index + " stopped", "shutting down", ""));
        } catch (IllegalArgumentException unfit) {
            // What a stage is given comes from its peers, and it says what does not fit.
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "stage " + index + " stopped",
                            String.valueOf(unfit.getMessage()),
                            "the peers of this job do not agree on its batches"));
        } catch (StageLostException lost) {
            fail(lost(index, lost));
        } catch (RuntimeException failed) {
            if (failure.get() == null) {
                log.warn("stage {} failed", index, failed);
            }
            fail(
                    new Problem(
                            ProblemCode.COMPUTE,
                            "stage " + index + " cannot compute",
                            String.valueOf(failed.getMessage()),
                            "the worker's log has the details"));
        } finally {
            caches.values().forEach(KvCache::close);
            caches.clear();
        }
        return Objects.requireNonNull(failure.get());
    }

    /** What a lost stage is to its job: the worker is well, another stage can take its place. */
    public static Problem lost(int index, StageLostException lost) {
        return new Problem(
                ProblemCode.COMPUTE,
                "stage " + index + " is lost",
                String.valueOf(lost.getMessage()),
                "the worker goes on; its log says where the process's own is");
    }

    private void runBatch(Activation first)
            throws JobException, ProtocolViolation, InterruptedException {
        var work = first.work();
        long batch = first.batch();
        if (first.microBatch() != work.first()) {
            throw new ProtocolViolation(
                    "input: batch " + batch + " begins with micro-batch " + first.microBatch());
        }
        steps.await(work.afterStep());
        if (work.fresh()) {
            stage.zeroGradients();
        }
        if (work.mode().trains()) {
            stage.begin(work.ofStep());
        }
        stopwatch.start();
        switch (work.mode()) {
            case TRAIN -> train(first, place.steps(place.schedule(), work.microBatches()));
            case TRAIN_ON_CALL, TRAIN_ON_GRADIENT ->
                    train(first, place.steps(Schedule.GPIPE, work.microBatches()));
            case EVALUATE, INFER, GENERATE -> {
                for (int m = work.first(); work.has(m); m++) {
                    try (var input = m == work.first() ? first : nextInput(first, m)) {
                        forwardOnly(input);
                    }
                }
            }
        }
    }

    private void train(Activation first, List<Step> schedule)
            throws JobException, ProtocolViolation, InterruptedException {
        long batch = first.batch();
        for (var step : schedule) {
            int m = first.work().first() + step.microBatch();
            switch (step) {
                case Step.Forward _ -> {
                    try (var input = m == first.microBatch() ? first : nextInput(first, m)) {
                        forward(input);
                    }
                }
                case Step.Backward _ -> {
                    if (!backward(first.work(), batch, m, stage::backward)) {
                        stage.abandon();
                        return;
                    }
                }
                case Step.InputGradient _ ->
                        // Nobody abandons a batch that is not on call.
                        backward(first.work(), batch, m, stage::inputGradient);
                case Step.WeightGradient _ -> {
                    stage.weightGradients(m);
                    stopwatch.lap(Stopwatch.Part.BACKWARD);
                }
            }
        }
    }

    private void forward(Activation input)
            throws JobException, ProtocolViolation, InterruptedException {
        int m = input.microBatch();
        count(input, Usage.forward(tokens(input), stage.layers()));
        if (neighbours.results() == null) {
            var output = stage.forward(m, input.tensor());
            stopwatch.lap(Stopwatch.Part.FORWARD);
            send(neighbours.next(), new Activation(input.batch(), m, input.work(), output));
        } else if (!input.work().mode().compares()) {
            var output = stage.forward(m, input.tensor());
            stopwatch.lap(Stopwatch.Part.FORWARD);
            send(neighbours.results(), new TensorFrame.Logits(input.batch(), m, output));
        } else {
            var expected = nextLabels(input);
            float loss = stage.forwardLoss(m, input.tensor(), expected, input.work().labelCount());
            stopwatch.lap(Stopwatch.Part.FORWARD);
            send(neighbours.results(), new TensorFrame.Loss(input.batch(), m, loss));
        }
    }

    private interface Going {
        @Nullable Tensor back(int microBatch, @Nullable Tensor outputGradient)
                throws InterruptedException;
    }

    /** Runs one backward, or its first part; false when the user has abandoned the batch. */
    private boolean backward(BatchWork work, long batch, int m, Going going)
            throws JobException, ProtocolViolation, InterruptedException {
        Tensor outputGradient = null;
        boolean last = neighbours.results() != null;
        if (!last || work.mode() != BatchWork.Mode.TRAIN) {
            var returned = nextReturning(batch);
            switch (returned) {
                case Returning.Abandoned _ -> {
                    return false;
                }
                case Returning.Seed(_, var of) -> requireMicroBatch("call", of, m);
                case Returning.Gradient(_, var of, var tensor) -> {
                    if (of != m) {
                        tensor.close();
                    }
                    requireMicroBatch("gradient", of, m);
                    outputGradient = tensor;
                }
            }
            stopwatch.lap(Stopwatch.Part.WAITING);
        }
        var inputGradient = going.back(m, outputGradient);
        stopwatch.lap(Stopwatch.Part.BACKWARD);
        if (inputGradient != null) {
            send(neighbours.previous(), new TensorFrame.Gradient(batch, m, inputGradient));
        }
        return true;
    }

    private void forwardOnly(Activation input)
            throws JobException, ProtocolViolation, InterruptedException {
        int m = input.microBatch();
        long batch = input.batch();
        var work = input.work();
        count(input, Usage.forward(tokens(input), stage.layers()));
        if (neighbours.results() == null) {
            var generation = work.generation();
            var output =
                    generation == null
                            ? stage.infer(input.tensor())
                            : stage.extend(cache(generation, input), input.tensor());
            stopwatch.lap(Stopwatch.Part.FORWARD);
            send(neighbours.next(), new Activation(batch, m, work, output));
            return;
        }
        var result =
                switch (work.mode()) {
                    case EVALUATE -> {
                        var expected = nextLabels(input);
                        yield new TensorFrame.Loss(
                                batch,
                                m,
                                stage.inferLoss(input.tensor(), expected, work.labelCount()));
                    }
                    case INFER -> new TensorFrame.Logits(batch, m, stage.infer(input.tensor()));
                    case GENERATE -> generate(input);
                    case TRAIN, TRAIN_ON_CALL, TRAIN_ON_GRADIENT ->
                            throw new IllegalStateException("mode " + work.mode());
                };
        stopwatch.lap(Stopwatch.Part.FORWARD);
        send(neighbours.results(), result);
    }

    private TensorFrame.Token generate(Activation input)
            throws ProtocolViolation, InterruptedException {
        var generation = Objects.requireNonNull(input.work().generation());
        int next = generation.position() + Math.toIntExact(length(input));
        try (var logits = stage.extend(cache(generation, input), input.tensor())) {
            int token = new Sampler(generation.sampling()).next(logits, next);
            return new TensorFrame.Token(input.batch(), input.microBatch(), token);
        }
    }

    private KvCache cache(BatchWork.Generation generation, Activation input)
            throws ProtocolViolation, InterruptedException {
        var cache = caches.get(generation.session());
        if (cache == null) {
            if (caches.size() >= workload.microBatches()) {
                throw new ProtocolViolation(
                        "generation: " + caches.size() + " caches are open, the most agreed");
            }
            cache = stage.openCache(rows(input), generation.capacity());
            caches.put(generation.session(), cache);
        }
        if (generation.position() > cache.position()) {
            throw new ProtocolViolation(
                    "generation: position "
                            + generation.position()
                            + " after "
                            + cache.position()
                            + " cached");
        }
        cache.truncate(generation.position());
        return cache;
    }

    private static void send(@Nullable Outbox outbox, TensorFrame frame)
            throws JobException, InterruptedException {
        Objects.requireNonNull(outbox, "a stage knows its neighbours").send(frame);
    }

    // What the loop waits for.

    private Activation nextInput(Activation first, int microBatch)
            throws JobException, ProtocolViolation, InterruptedException {
        var input = inputs.take();
        if (input.batch() != first.batch() || input.microBatch() != microBatch) {
            input.close();
            throw new ProtocolViolation(
                    "input: micro-batch "
                            + input.microBatch()
                            + " of batch "
                            + input.batch()
                            + ", expected "
                            + microBatch
                            + " of "
                            + first.batch());
        }
        if (!input.work().equals(first.work())) {
            input.close();
            throw new ProtocolViolation(
                    "input: " + input.work() + ", the batch began with " + first.work());
        }
        stopwatch.lap(Stopwatch.Part.WAITING);
        return input;
    }

    private Tensor nextLabels(Activation input)
            throws JobException, ProtocolViolation, InterruptedException {
        var sent = labels.take();
        stopwatch.lap(Stopwatch.Part.WAITING);
        var type = stage.architecture().labelType();
        var shape = stage.architecture().labelShape(rows(input), length(input));
        if (sent.batch() != input.batch()
                || sent.microBatch() != input.microBatch()
                || sent.tensor().dtype() != type
                || !sent.tensor().shape().equals(shape)) {
            sent.close();
            throw new ProtocolViolation(
                    "labels: "
                            + sent.tensor()
                            + " for micro-batch "
                            + sent.microBatch()
                            + " of batch "
                            + sent.batch()
                            + ", expected "
                            + type
                            + " "
                            + shape
                            + " for "
                            + input.microBatch()
                            + " of "
                            + input.batch());
        }
        return sent.tensor();
    }

    private Returning nextReturning(long batch) throws JobException, InterruptedException {
        while (true) {
            var returned = returning.take();
            if (returned.batch() == batch) {
                return returned;
            }
            returned.close(); // of a batch abandoned before
        }
    }

    private static void requireMicroBatch(String what, int actual, int expected)
            throws ProtocolViolation {
        if (actual != expected) {
            throw new ProtocolViolation(
                    what + ": for micro-batch " + actual + ", expected " + expected);
        }
    }

    // Steps, called by the control stream's thread.

    /**
     * Fixes the gradients of {@code step} once the backwards of {@code afterBatch} are done: those
     * of all replicas of this stage together.
     */
    public PreparedStep prepare(long step, long afterBatch)
            throws JobException, ProtocolViolation, InterruptedException {
        batches.await(afterBatch);
        replicas.sum(step, stage);
        var exchange = neighbours.tied();
        var ours = exchange == null ? null : stage.tiedGradient();
        if (exchange == null || ours == null) { // frozen on both stages, if on one
            return stage.prepare(null);
        }
        exchange.send(new TensorFrame.TiedGradient(step, ours));
        var theirs = tied.take();
        if (theirs.batch() != step) {
            theirs.close();
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "step " + step + " is not prepared",
                    "the other stage sent a shared gradient for step " + theirs.batch(),
                    "");
        }
        return stage.prepare(theirs.tensor());
    }

    /** Waits until the work on {@code batch} is done. */
    public void settle(long batch) throws JobException, InterruptedException {
        batches.await(batch);
    }

    /**
     * Applies the prepared step; a step applied before changes nothing. Gradients that are not
     * zeroed then stay on the first replica, which has them all.
     */
    public void commit(long step, Update update) throws InterruptedException {
        stage.apply(step, update);
        if (place.grid().replica(place.place()) > 0) {
            stage.zeroGradients();
        }
        steps.reach(step);
    }

    /** Lets the loop forget {@code batch} instead of waiting for its backwards. */
    public void abandon(long batch) throws JobException, InterruptedException {
        returning.put(new Returning.Abandoned(batch));
    }

    /** Frees the cache of a generation; an unknown one changes nothing. */
    public void endSession(long session) {
        var cache = caches.remove(session);
        if (cache != null) {
            cache.close();
        }
    }

    /** The work done so far, in {@link Usage} units. */
    public long usage() {
        return usage.get();
    }

    /** Where time and traffic went since the start. */
    public StageTimes times() {
        long sent = neighbours.outboxes().stream().mapToLong(Outbox::bytesSent).sum();
        var error =
                neighbours.outboxes().stream()
                        .map(Outbox::codecError)
                        .reduce(CodecError.NONE, CodecError::plus);
        return stopwatch.times(sent, bytesReceived.get(), error);
    }

    /** Why it has ended, or is about to. */
    public Optional<Problem> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Ends everything here; the first reason given stands. */
    public void fail(Problem reason) {
        failure.compareAndSet(null, reason);
        inputs.fail(reason);
        labels.fail(reason);
        returning.fail(reason);
        tied.fail(reason);
        batches.fail(reason);
        steps.fail(reason);
        replicas.fail(reason);
        neighbours.outboxes().forEach(outbox -> outbox.fail(reason));
    }

    // Frames.

    private TensorFrame receive(FrameStream stream) throws IOException, InterruptedException {
        long before = stream.bytesReceived();
        var frame = stream.receive();
        bytesReceived.addAndGet(stream.bytesReceived() - before);
        return frame;
    }

    private void check(Activation activation) throws ProtocolViolation {
        var tensor = activation.tensor();
        var shape = tensor.shape();
        boolean tokens = index == 0 && stage.architecture().takesTokens();
        int width = stage.architecture().edgeWidth(stage.layers().first());
        int rank = tokens ? 2 : 3;
        if (tensor.dtype() != (tokens ? DType.I64 : DType.F32)
                || shape.rank() != rank
                || (!tokens && shape.axis(2) != width)) {
            throw new ProtocolViolation(
                    "activation: "
                            + tensor
                            + ", expected "
                            + (tokens
                                    ? "I64 [rows, length]"
                                    : "F32 [rows, length, " + width + "]"));
        }
        if (rows(activation) < 1
                || rows(activation) > workload.rows()
                || length(activation) < 1
                || length(activation) > workload.length()
                || activation.work().first() + activation.work().microBatches()
                        > workload.microBatches()) {
            throw new ProtocolViolation(
                    "batch: "
                            + activation.work().microBatches()
                            + " x "
                            + shape
                            + ", agreed were "
                            + workload);
        }
        var generation = activation.work().generation();
        if (generation != null && generation.capacity() > workload.length()) {
            throw new ProtocolViolation(
                    "generation: capacity "
                            + generation.capacity()
                            + ", agreed were "
                            + workload.length());
        }
    }

    private void count(Activation input, long units) {
        boolean training = input.work().mode().trains();
        usage.addAndGet(training ? Usage.training(tokens(input), stage.layers()) : units);
    }

    private static long tokens(Activation input) {
        return rows(input) * length(input);
    }

    private static int rows(Activation input) {
        return (int) input.tensor().shape().axis(0);
    }

    private static long length(Activation input) {
        return input.tensor().shape().axis(1);
    }

    private static ProtocolViolation unexpected(TensorFrame frame, String expected) {
        frame.close();
        return new ProtocolViolation(
                "frame: " + frame.getClass().getSimpleName() + ", expected " + expected);
    }
}
