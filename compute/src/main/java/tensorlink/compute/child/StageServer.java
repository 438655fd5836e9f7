package tensorlink.compute.child;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.Device;
import tensorlink.compute.Engine;
import tensorlink.compute.KvCache;
import tensorlink.compute.Stage;
import tensorlink.compute.StageState;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.Tensor;

/** In the process of a stage: does what it is asked, one call after another. */
final class StageServer {
    private final Wire wire;
    private final Engine engine;
    private final Device device;
    private final Map<Integer, KvCache> caches = new HashMap<>();
    private @Nullable Stage stage;
    private int nextCache;

    /** The state taken last, and the number of the one that would be taken now. */
    private @Nullable StageState taken;

    private long revision;

    StageServer(Wire wire, Engine engine, Device device) {
        this.wire = wire;
        this.engine = engine;
        this.device = device;
    }

    /** Returns when the other process has no more use for this one. */
    void run() throws IOException, InterruptedException {
        try {
            while (true) {
                var reply = answer(wire.receive(Call.class));
                wire.send(Reply.class, reply);
                Child.discard(reply);
            }
        } catch (EOFException over) {
            // In order.
        }
    }

    private Reply answer(Call call) throws InterruptedException {
        try {
            return switch (call) {
                case Call.Open open -> open(open);
                case Call.Measure(var threads) -> new Reply.Measured(engine.limits(threads));
                default -> answer(opened(), call);
            };
        } catch (IllegalArgumentException unfit) {
            return failed(Reply.Kind.ARGUMENT, unfit);
        } catch (IllegalStateException outOfTurn) {
            return failed(Reply.Kind.STATE, outOfTurn);
        } catch (ModelFormatException malformed) {
            return new Reply.Failed(
                    Reply.Kind.FORMAT, malformed.source(), String.valueOf(malformed.getMessage()));
        } catch (IOException unread) {
            return failed(Reply.Kind.INPUT, unread);
        } catch (RuntimeException broken) {
            return failed(Reply.Kind.COMPUTE, broken);
        }
    }

    private static Reply failed(Reply.Kind kind, Exception cause) {
        return new Reply.Failed(kind, "", String.valueOf(cause.getMessage()));
    }

    private Stage opened() {
        if (stage == null) {
            throw new IllegalStateException("no stage is open");
        }
        return stage;
    }

    private Reply open(Call.Open open) throws IOException, InterruptedException {
        if (stage != null) {
            throw new IllegalStateException("a stage is open");
        }
        // A card's memory is its own, and its libraries take of the machine's what they like.
        if (open.options().memoryBytes().isPresent() && device.kind() == Device.Kind.CPU) {
            OwnLimits.limitMemory(open.options().memoryBytes().getAsLong());
        }
        var text = open.architecture().getBytes(StandardCharsets.UTF_8);
        var made =
                engine.open(
                        Architecture.parse("stage", text),
                        open.layers(),
                        state(open.state()),
                        open.options());
        stage = made;
        return new Reply.Opened(made.parameters());
    }

    private StageState state(Call.State state) {
        return new StageState(state.step(), new AskedWeights(wire, state.tensors()));
    }

    private Reply answer(Stage here, Call call) throws IOException, InterruptedException {
        return switch (call) {
            case Call.Open _, Call.Measure _, Call.Piece _, Call.Unreadable _ ->
                    throw new IllegalStateException(call + " now");
            case Call.Begin(var batch) -> {
                here.begin(batch);
                yield new Reply.Done();
            }
            case Call.Forward(var microBatch, var input) ->
                    new Reply.Result(here.forward(microBatch, input));
            case Call.ForwardLoss(var microBatch, var input, var labels, var count) ->
                    new Reply.Loss(here.forwardLoss(microBatch, input, labels, count));
            case Call.Backward(var microBatch, var gradient) ->
                    new Reply.Result(here.backward(microBatch, gradient));
            case Call.InputGradient(var microBatch, var gradient) ->
                    new Reply.Result(here.inputGradient(microBatch, gradient));
            case Call.WeightGradients(var microBatch) -> {
                here.weightGradients(microBatch);
                yield new Reply.Done();
            }
            case Call.Abandon() -> {
                here.abandon();
                yield new Reply.Done();
            }
            case Call.ZeroGradients() -> {
                here.zeroGradients();
                yield new Reply.Done();
            }
            case Call.BeginSum() -> new Reply.Count(here.beginSum());
            case Call.ReadSum(var first, var count) -> new Reply.Result(here.readSum(first, count));
            case Call.WriteSum(var first, var sum) -> {
                here.writeSum(first, sum);
                yield new Reply.Done();
            }
            case Call.TiedGradient() -> new Reply.Result(here.tiedGradient());
            case Call.Prepare(var other) -> new Reply.Prepared(here.prepare(other));
            case Call.Apply(var step, var update) -> {
                long before = here.step();
                here.apply(step, update);
                revision += here.step() == before ? 0 : 1;
                yield new Reply.Done();
            }
            case Call.Infer(var input) -> new Reply.Result(here.infer(input));
            case Call.InferLoss(var input, var labels, var count) ->
                    new Reply.Loss(here.inferLoss(input, labels, count));
            case Call.OpenCache(var batch, var capacity) -> {
                caches.put(nextCache, here.openCache(batch, capacity));
                yield new Reply.CacheOpened(nextCache++);
            }
            case Call.Extend(var cache, var input) ->
                    new Reply.Result(here.extend(cache(cache, input), input));
            case Call.Truncate(var cache, var position) -> {
                cache(cache, null).truncate(position);
                yield new Reply.Done();
            }
            case Call.CloseCache(var cache) -> {
                cache(cache, null).close();
                caches.remove(cache);
                yield new Reply.Done();
            }
            case Call.Parameter(var name) -> new Reply.Result(here.parameter(name));
            case Call.Gradient(var name) -> new Reply.Result(here.gradient(name));
            case Call.TakeState() -> {
                var state = here.state();
                taken = state;
                yield new Reply.StateTaken(revision, state.step(), state.tensors().tensors());
            }
            case Call.ReadState read -> new Reply.Result(read(read));
            case Call.Restore(var state) -> {
                revision++;
                here.restore(state(state));
                yield new Reply.Done();
            }
            case Call.Digests() -> new Reply.DigestsTold(here.digests());
            case Call.Arrays() -> new Reply.Count(engine.arrays());
        };
    }

    private KvCache cache(int number, @Nullable Tensor unused) {
        var cache = caches.get(number);
        if (cache == null) {
            if (unused != null) {
                unused.close();
            }
            throw new IllegalStateException("the cache is closed");
        }
        return cache;
    }

    private Tensor read(Call.ReadState read) throws IOException, InterruptedException {
        if (read.taken() != revision) {
            throw new IllegalStateException("the stage has changed since its state was asked for");
        }
        if (read.length() < 0 || read.length() > AskedWeights.PIECE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    read.length() + " bytes, limit " + AskedWeights.PIECE_BYTES_MAX);
        }
        var bytes = AskedWeights.room(read.length());
        boolean complete = false;
        try {
            var state = Objects.requireNonNull(taken, "a state was taken");
            state.tensors().read(read.name(), read.offset(), bytes.data());
            complete = true;
            return bytes;
        } finally {
            if (!complete) {
                bytes.close();
            }
        }
    }
}
