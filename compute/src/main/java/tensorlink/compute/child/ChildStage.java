package tensorlink.compute.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.Digest;
import tensorlink.compute.KvCache;
import tensorlink.compute.LayerRange;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Stage;
import tensorlink.compute.StageLostException;
import tensorlink.compute.StageState;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A stage that a process of its own computes. Calls of any thread run one after another on a thread
 * that owns the socket, since an interrupted caller would otherwise close it.
 */
final class ChildStage implements Stage {
    private final Child child;
    private final Architecture architecture;
    private final LayerRange layers;
    private final List<TensorSpec> parameters;
    private final ExecutorService thread;
    private final Consumer<ChildStage> onClose;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile long step;

    /** Why there is nothing to ask any more; null while there is. */
    private volatile @Nullable String lost;

    private ChildStage(
            Child child,
            Architecture architecture,
            Call.Open opened,
            List<TensorSpec> parameters,
            ExecutorService thread,
            Consumer<ChildStage> onClose) {
        this.child = child;
        this.architecture = architecture;
        this.layers = opened.layers();
        this.parameters = List.copyOf(parameters);
        this.thread = thread;
        this.onClose = onClose;
        this.step = opened.state().step();
    }

    /**
     * Opens a stage in {@code child}, which stays the caller's if that fails.
     *
     * @param weights what the state's tensors are read from
     */
    static ChildStage open(
            Child child,
            Architecture architecture,
            Call.Open open,
            Weights weights,
            Consumer<ChildStage> onClose)
            throws IOException, InterruptedException {
        var name = "stage " + open.layers() + " of process " + child.handle().pid();
        var thread =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name(name).factory());
        boolean opened = false;
        try {
            open.options().memoryBytes().ifPresent(child::limitTensors);
            var reply = await(thread, () -> child.exchange(open, weights));
            return switch (reply) {
                case Reply.Opened(var parameters) -> {
                    opened = true;
                    yield new ChildStage(child, architecture, open, parameters, thread, onClose);
                }
                case Reply.Failed failed -> throw unopened(failed);
                case Reply other -> throw new IOException("it answered " + other);
            };
        } catch (Child.Unread unread) {
            throw unread.rethrown();
        } catch (ModelFormatException refused) {
            throw refused;
        } catch (IOException broken) {
            throw new IOException("no stage: " + child.postMortem(broken), broken);
        } finally {
            if (!opened) {
                thread.shutdown();
            }
        }
    }

    private static IOException unopened(Reply.Failed failed) {
        return switch (failed.kind()) {
            case ARGUMENT -> throw new IllegalArgumentException(failed.message());
            case STATE -> throw new IllegalStateException(failed.message());
            case COMPUTE -> throw new StageLostException("not opened: " + failed.message());
            case FORMAT, INPUT -> unread(failed);
        };
    }

    private static IOException unread(Reply.Failed failed) {
        return failed.source().isEmpty()
                ? new IOException(failed.message())
                : new ModelFormatException(
                        failed.source(),
                        failed.message().substring(failed.source().length() + ": ".length()));
    }

    // Asking.

    private interface Exchange {
        Reply run() throws IOException;
    }

    /** Waits for the end even when interrupted, because the exchange uses what the caller owns. */
    private static Reply await(ExecutorService thread, Exchange exchange)
            throws IOException, InterruptedException {
        var task = new FutureTask<>(exchange::run);
        try {
            thread.execute(task);
        } catch (RejectedExecutionException over) {
            throw new IllegalStateException("the stage is closed", over);
        }
        boolean interrupted = false;
        while (true) {
            try {
                var reply = task.get();
                if (interrupted) {
                    Child.discard(reply);
                    throw new InterruptedException();
                }
                return reply;
            } catch (InterruptedException e) {
                if (task.isDone()) {
                    throw e;
                }
                interrupted = true;
            } catch (ExecutionException failed) {
                throw rethrown(failed.getCause());
            }
        }
    }

    private static IOException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            case IOException e -> e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> throw new IllegalStateException(cause);
        };
    }

    /** Asks what needs no weights, and takes {@code given} over. */
    private Reply ask(Call call, @Nullable Tensor... given) throws InterruptedException {
        try {
            return exchanged(call, null);
        } catch (IOException unread) {
            throw new IllegalStateException("unasked for weights", unread);
        } finally {
            for (var tensor : given) {
                if (tensor != null) {
                    tensor.close();
                }
            }
        }
    }

    /**
     * Asks.
     *
     * @throws IOException when {@code weights} could not be read, or were refused
     */
    private Reply exchanged(Call call, @Nullable Weights weights)
            throws IOException, InterruptedException {
        var reason = lost;
        if (reason != null) {
            throw new StageLostException(reason);
        }
        Reply reply;
        try {
            reply = await(thread, () -> child.exchange(call, weights));
        } catch (Child.Unread unread) {
            throw unread.rethrown();
        } catch (IOException broken) {
            throw lose(child.postMortem(broken), broken);
        }
        if (reply instanceof Reply.Failed failed) {
            throw refused(failed);
        }
        return reply;
    }

    private IOException refused(Reply.Failed failed) {
        return switch (failed.kind()) {
            case ARGUMENT -> throw new IllegalArgumentException(failed.message());
            case STATE -> throw new IllegalStateException(failed.message());
            case COMPUTE -> throw lose("kernels failed: " + failed.message(), null);
            case FORMAT, INPUT -> unread(failed);
        };
    }

    private StageLostException lose(String why, @Nullable Throwable cause) {
        var reason = "the stage of " + layers + " is lost: " + why;
        lost = reason;
        child.end();
        return cause == null
                ? new StageLostException(reason)
                : new StageLostException(reason, cause);
    }

    private StageLostException senseless(Reply reply) {
        Child.discard(reply);
        return lose("it answered " + reply.getClass().getSimpleName(), null);
    }

    private void done(Call call, @Nullable Tensor... given) throws InterruptedException {
        var reply = ask(call, given);
        if (!(reply instanceof Reply.Done)) {
            throw senseless(reply);
        }
    }

    private @Nullable Tensor maybeTensor(Call call, @Nullable Tensor... given)
            throws InterruptedException {
        var reply = ask(call, given);
        if (reply instanceof Reply.Result(var tensor)) {
            return tensor;
        }
        throw senseless(reply);
    }

    private Tensor tensor(Call call, @Nullable Tensor... given) throws InterruptedException {
        var tensor = maybeTensor(call, given);
        if (tensor == null) {
            throw lose("it answered nothing to " + call.getClass().getSimpleName(), null);
        }
        return tensor;
    }

    private float loss(Call call, @Nullable Tensor... given) throws InterruptedException {
        var reply = ask(call, given);
        if (reply instanceof Reply.Loss(float value)) {
            return value;
        }
        throw senseless(reply);
    }

    // What a stage is.

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public LayerRange layers() {
        return layers;
    }

    ProcessHandle process() {
        return child.handle();
    }

    /** The native arrays alive in the process; 0 when it is gone. */
    long arrays() {
        try {
            return ask(new Call.Arrays()) instanceof Reply.Count(long value) ? value : 0;
        } catch (StageLostException | IllegalStateException gone) {
            return 0;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    // Training.

    @Override
    public void begin(long number) throws InterruptedException {
        done(new Call.Begin(number));
    }

    @Override
    public Tensor forward(int microBatch, Tensor input) throws InterruptedException {
        return tensor(new Call.Forward(microBatch, input), input);
    }

    @Override
    public float forwardLoss(int microBatch, Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        return loss(new Call.ForwardLoss(microBatch, input, labels, labelCount), input, labels);
    }

    @Override
    public @Nullable Tensor backward(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException {
        return maybeTensor(new Call.Backward(microBatch, outputGradient), outputGradient);
    }

    @Override
    public @Nullable Tensor inputGradient(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException {
        return maybeTensor(new Call.InputGradient(microBatch, outputGradient), outputGradient);
    }

    @Override
    public void weightGradients(int microBatch) throws InterruptedException {
        done(new Call.WeightGradients(microBatch));
    }

    @Override
    public void abandon() throws InterruptedException {
        done(new Call.Abandon());
    }

    @Override
    public void zeroGradients() throws InterruptedException {
        done(new Call.ZeroGradients());
    }

    @Override
    public long beginSum() throws InterruptedException {
        var reply = ask(new Call.BeginSum());
        if (reply instanceof Reply.Count(long numbers)) {
            return numbers;
        }
        throw senseless(reply);
    }

    @Override
    public Tensor readSum(long first, int count) throws InterruptedException {
        return tensor(new Call.ReadSum(first, count));
    }

    @Override
    public void writeSum(long first, Tensor sum) throws InterruptedException {
        done(new Call.WriteSum(first, sum), sum);
    }

    @Override
    public @Nullable Tensor tiedGradient() throws InterruptedException {
        return maybeTensor(new Call.TiedGradient());
    }

    @Override
    public PreparedStep prepare(@Nullable Tensor otherTiedGradient) throws InterruptedException {
        var reply = ask(new Call.Prepare(otherTiedGradient), otherTiedGradient);
        if (reply instanceof Reply.Prepared(var prepared)) {
            return prepared;
        }
        throw senseless(reply);
    }

    @Override
    public void apply(long next, Update update) throws InterruptedException {
        done(new Call.Apply(next, update));
        step = next;
    }

    @Override
    public long step() {
        return step;
    }

    // Inference.

    @Override
    public Tensor infer(Tensor input) throws InterruptedException {
        return tensor(new Call.Infer(input), input);
    }

    @Override
    public float inferLoss(Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        return loss(new Call.InferLoss(input, labels, labelCount), input, labels);
    }

    @Override
    public KvCache openCache(int batch, int capacity) throws InterruptedException {
        var reply = ask(new Call.OpenCache(batch, capacity));
        if (reply instanceof Reply.CacheOpened(int number)) {
            return new Cache(number, capacity);
        }
        throw senseless(reply);
    }

    @Override
    public Tensor extend(KvCache cache, Tensor input) throws InterruptedException {
        if (!(cache instanceof Cache own) || own.stage() != this) {
            input.close();
            throw new IllegalArgumentException("a cache of another stage");
        }
        int count = input.shape().rank() < 2 ? 0 : (int) input.shape().axis(1);
        var result = tensor(new Call.Extend(own.number, input), input);
        own.position.addAndGet(count);
        return result;
    }

    /** A cache in the process, of which this side knows how full it is. */
    private final class Cache implements KvCache {
        private final int number;
        private final int capacity;
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicInteger position = new AtomicInteger();

        Cache(int number, int capacity) {
            this.number = number;
            this.capacity = capacity;
        }

        ChildStage stage() {
            return ChildStage.this;
        }

        @Override
        public int position() {
            return position.get();
        }

        @Override
        public int capacity() {
            return capacity;
        }

        @Override
        public void truncate(int to) {
            if (to < 0 || to > position()) {
                throw new IllegalArgumentException("truncate to " + to + " of " + position());
            }
            if (to < position()) {
                tell(new Call.Truncate(number, to));
                position.set(to);
            }
        }

        @Override
        public void close() {
            if (!over.getAndSet(true) && !closed.get() && lost == null) {
                tell(new Call.CloseCache(number));
            }
        }

        private void tell(Call call) {
            try {
                done(call);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt(); // it has been done
            } catch (StageLostException gone) {
                // And its caches with it.
            }
        }
    }

    // State.

    @Override
    public List<TensorSpec> parameters() {
        return parameters;
    }

    @Override
    public Tensor parameter(String name) throws InterruptedException {
        return tensor(new Call.Parameter(name));
    }

    @Override
    public Tensor gradient(String name) throws InterruptedException {
        return tensor(new Call.Gradient(name));
    }

    @Override
    public StageState state() throws InterruptedException {
        var reply = ask(new Call.TakeState());
        if (reply instanceof Reply.StateTaken(long taken, long at, var tensors)) {
            return new StageState(at, new Live(taken, List.copyOf(tensors)));
        }
        throw senseless(reply);
    }

    /** The tensors of a state in the process, as long as the stage does not change. */
    private final class Live implements Weights {
        private final long taken;
        private final List<TensorSpec> tensors;

        Live(long taken, List<TensorSpec> tensors) {
            this.taken = taken;
            this.tensors = tensors;
        }

        @Override
        public List<TensorSpec> tensors() {
            return tensors;
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws InterruptedException {
            long at = 0;
            do { // once at least, to be told what is wrong with the name
                long left = target.byteSize() - at;
                int length = (int) Math.min(AskedWeights.PIECE_BYTES_MAX, left);
                readPiece(name, offset + at, target.asSlice(at, length));
                at += length;
            } while (at < target.byteSize());
        }

        private void readPiece(String name, long offset, MemorySegment target)
                throws InterruptedException {
            int length = (int) target.byteSize();
            try (var bytes = tensor(new Call.ReadState(taken, name, offset, length))) {
                target.copyFrom(bytes.data());
            }
        }
    }

    @Override
    public void restore(StageState state) throws IOException, InterruptedException {
        architecture.requireTensors("weights", layers, state.parameters());
        var there = new Call.State(state.step(), state.tensors().tensors());
        var reply = exchanged(new Call.Restore(there), state.tensors());
        if (!(reply instanceof Reply.Done)) {
            throw senseless(reply);
        }
        step = state.step();
    }

    @Override
    public Map<String, Digest> digests() throws InterruptedException {
        var reply = ask(new Call.Digests());
        if (reply instanceof Reply.DigestsTold(var digests)) {
            return digests;
        }
        throw senseless(reply);
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            thread.close();
            child.end();
            onClose.accept(this);
        }
    }
}
