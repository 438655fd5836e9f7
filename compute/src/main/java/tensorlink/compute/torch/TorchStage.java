package tensorlink.compute.torch;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.CounterRandom;
import tensorlink.compute.Digest;
import tensorlink.compute.KvCache;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Task;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A stage on one device. Public calls check what they are given on the caller's thread, then run
 * one operator on the stage's own; fields below {@code thread} are that thread's.
 *
 * <p>What a micro-batch records lives in a manager of its own, which its backward closes; nothing
 * else allocates while training, so memory is flat.
 */
final class TorchStage implements Stage {
    private final Architecture architecture;
    private final LayerRange layers;
    private final StageOptions options;
    private final StageInputs inputs;
    private final OperatorModule operators;
    private final Consumer<TorchStage> onClose;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile long step;

    /** Which of the step's batches is being computed. */
    private volatile long batch;

    /** Whether parameters and optimizer state are those of {@link #step}, all of them. */
    private volatile boolean whole;

    private final ComputeThread thread;
    private final NativeArrays device;
    private final Description model;
    private final Parameters parameters;
    private final RopeTable rope;
    private final DropoutMasks dropout;
    private final CounterRandom random;
    private final Map<Integer, Recording> inFlight = new HashMap<>();

    /** Counts the changes of parameters and optimizer state. */
    private long revision;

    /**
     * What the forward of a micro-batch is given.
     *
     * @param labels none or one
     * @param random decides what is dropped
     */
    private record Given(
            PtNDArray input, List<PtNDArray> labels, long labelCount, CounterRandom random) {}

    /**
     * A forward that can be gone back through.
     *
     * @param units leaves and results, then what the stage gives
     * @param taps what was tapped for a backward in two parts, else nothing
     * @param statistics what running statistics are to follow
     */
    private record Tape(List<PtNDArray> units, IValue taps, List<PtNDArray> statistics)
            implements AutoCloseable {
        PtNDArray result() {
            return units.getLast();
        }

        PtNDArray[] array() {
            return units.toArray(new PtNDArray[0]);
        }

        @Override
        public void close() {
            taps.close();
        }
    }

    /** What backward needs of a micro-batch. */
    private static final class Recording implements AutoCloseable {
        final PtNDManager scope;
        final Given given;

        /** The shape of what a gradient is of: the result without the padding mask. */
        final Shape lastUnit;

        /** Of the first forward, kept even where it is computed again. */
        final List<PtNDArray> statistics;

        /** Null if it is to be computed again. */
        @Nullable Tape tape;

        /** Whether only the weight gradients are still to come. */
        boolean half;

        Recording(PtNDManager scope, Given given, Tape tape) {
            this.scope = scope;
            this.given = given;
            this.lastUnit = tape.units().get(tape.units().size() - 2).getShape();
            this.statistics = tape.statistics();
            statistics.forEach(array -> array.attach(scope));
        }

        @Override
        public void close() {
            if (tape != null) {
                tape.close();
            }
            scope.close();
        }
    }

    /** What a stage is opened with, besides the engine's own. */
    record Opening(Architecture architecture, LayerRange layers, StageOptions options) {}

    private TorchStage(
            Opening opening,
            ComputeThread thread,
            NativeArrays device,
            Consumer<TorchStage> onClose) {
        this.architecture = opening.architecture();
        this.layers = opening.layers();
        this.options = opening.options();
        this.operators = device.operators();
        this.thread = thread;
        this.device = device;
        this.onClose = onClose;
        this.inputs = StageInputs.of(architecture, layers);
        this.model = Description.of(architecture, layers);
        this.parameters = new Parameters(device, architecture, layers, options.training());
        this.rope = new RopeTable(device, architecture);
        this.dropout = DropoutMasks.of(architecture, layers);
        this.random = CounterRandom.of(options.training().map(TrainingOptions::seed).orElse(0L));
    }

    /** Allocates, then fills from {@code state}; on failure nothing is left. */
    static TorchStage open(
            Opening opening,
            OperatorModule operators,
            PtNDManager engine,
            boolean addressed,
            StageState state,
            Consumer<TorchStage> onClose)
            throws IOException, InterruptedException {
        var thread = new ComputeThread("stage " + opening.layers(), opening.options().threads());
        var home = engine.newSubManager(engine.getDevice());
        var device = new NativeArrays(operators, home, addressed);
        boolean opened = false;
        try {
            var stage = thread.call(false, () -> new TorchStage(opening, thread, device, onClose));
            stage.restore(state);
            opened = true;
            return stage;
        } finally {
            if (!opened) {
                thread.callUninterruptibly(home::close);
                thread.close();
            }
        }
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public LayerRange layers() {
        return layers;
    }

    @Override
    public void begin(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("batch " + number + " of a step");
        }
        requireTraining();
        batch = number;
    }

    @Override
    public Tensor forward(int microBatch, Tensor input) throws InterruptedException {
        try (input) {
            requireTraining();
            inputs.check(input, 0);
            inputs.checkTraining(input);
            return run(true, () -> record(microBatch, input, null, 0, device::copyOut));
        }
    }

    @Override
    public float forwardLoss(int microBatch, Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        try (input;
                labels) {
            requireTraining();
            inputs.check(input, 0);
            inputs.checkTraining(input);
            inputs.checkLabels(input, labels, labelCount);
            return run(true, () -> record(microBatch, input, labels, labelCount, device::value));
        }
    }

    private <T> T record(
            int microBatch,
            Tensor input,
            @Nullable Tensor labels,
            long labelCount,
            Function<PtNDArray, T> use) {
        if (inFlight.containsKey(microBatch)) {
            throw new IllegalStateException("micro-batch " + microBatch + " is in flight");
        }
        var scope = device.scope();
        try (var passing = device.scope()) {
            var given =
                    new Given(
                            device.copyIn(scope, input),
                            List.of(labels(scope, labels)),
                            labelCount,
                            random.at(step).at(batch).at(microBatch));
            var tape = tape(recomputes() ? passing : scope, given);
            var recording = new Recording(scope, given, tape);
            var result = use.apply(tape.result());
            if (recomputes()) {
                tape.close();
            } else {
                recording.tape = tape;
            }
            inFlight.put(microBatch, recording);
            return result;
        } finally {
            if (!inFlight.containsKey(microBatch)) {
                scope.close();
            }
        }
    }

    /** Runs a forward with recording for gradients, which must be switched on. */
    private Tape tape(PtNDManager scope, Given given) {
        // What a transformer taps, and what a graph's statistics follow.
        var extra = IValue.listFrom(new PtNDArray[0]);
        var masks = dropout.draw(device, scope, given.random(), given.input().getShape());
        try (var tape =
                operators.call(
                        model.method("record"),
                        given.input(),
                        parameters.leaves(),
                        model.recording(options.training().orElseThrow()),
                        rope.atLeast((int) given.input().getShape().get(1)),
                        model.numbers(),
                        given.labels().toArray(new PtNDArray[0]),
                        given.labelCount(),
                        parameters.untrainedUnits(),
                        extra,
                        masks)) {
            var units = List.of(tape.toTensorArray(scope));
            if (architecture instanceof ModelConfig) {
                return new Tape(units, extra, List.of());
            }
            var statistics = List.of(extra.toTensorArray(scope));
            extra.close();
            return new Tape(units, IValue.listFrom(new PtNDArray[0]), statistics);
        } catch (RuntimeException failed) {
            extra.close();
            throw failed;
        }
    }

    private boolean splits() {
        return options.training().orElseThrow().splitsBackwards();
    }

    private Precision precision() {
        return options.training().map(TrainingOptions::precision).orElse(Precision.F32);
    }

    private boolean recomputes() {
        return options.training().orElseThrow().recompute();
    }

    @Override
    public @Nullable Tensor backward(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException {
        try (outputGradient) {
            requireTraining();
            return this.<@Nullable Tensor>run(
                    false,
                    () -> {
                        var recording = recording(microBatch, false);
                        var gradient = outputGradient(recording, outputGradient);
                        inFlight.remove(microBatch);
                        try (recording) {
                            var input =
                                    parameters.backward(
                                            recording.scope,
                                            tape(recording).array(),
                                            gradient,
                                            model);
                            parameters.observe(recording.statistics);
                            return given(input);
                        }
                    });
        }
    }

    @Override
    public @Nullable Tensor inputGradient(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException {
        try (outputGradient) {
            requireSplit();
            return this.<@Nullable Tensor>run(
                    false, () -> inputGradient(recording(microBatch, false), outputGradient));
        }
    }

    private @Nullable Tensor inputGradient(Recording recording, @Nullable Tensor outputGradient) {
        var gradient = outputGradient(recording, outputGradient);
        var tape = tape(recording);
        try (var scope = device.scope()) {
            var input = parameters.inputGradient(scope, tape.array(), tape.taps(), gradient, model);
            recording.half = true;
            return given(input);
        }
    }

    /** What a backward gives: the gradient of the stage's input, unless that has none. */
    private @Nullable Tensor given(PtNDArray input) {
        if (first()) {
            device.await(input);
            return null;
        }
        return device.copyOut(input);
    }

    @Override
    public void weightGradients(int microBatch) throws InterruptedException {
        requireSplit();
        run(
                false,
                () -> {
                    var recording = recording(microBatch, true);
                    inFlight.remove(microBatch);
                    try (recording) {
                        parameters.weightGradients(tape(recording).taps());
                        parameters.observe(recording.statistics);
                    }
                    return true;
                });
    }

    private void requireSplit() {
        requireTraining();
        if (!splits()) {
            throw new IllegalStateException("the stage was not opened for backwards in two parts");
        }
    }

    /**
     * @param half whether the first half of its backward has run
     */
    private Recording recording(int microBatch, boolean half) {
        var recording = inFlight.get(microBatch);
        if (recording == null) {
            throw new IllegalStateException("micro-batch " + microBatch + " is not in flight");
        }
        if (recording.half != half) {
            throw new IllegalStateException(
                    "micro-batch "
                            + microBatch
                            + (half ? " has no input gradient yet" : " has its input gradient"));
        }
        return recording;
    }

    /** What the forward computed, now if it was not kept. */
    private Tape tape(Recording recording) {
        var kept = recording.tape;
        if (kept != null) {
            return kept;
        }
        JniUtils.setGradMode(true);
        try {
            var again = tape(recording.scope, recording.given);
            recording.tape = again;
            return again;
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    private PtNDArray outputGradient(Recording recording, @Nullable Tensor given) {
        var expected = NativeArrays.shape(recording.lastUnit);
        if (expected.rank() == 0) {
            if (given != null) {
                throw new IllegalArgumentException("a loss takes no gradient, got " + given);
            }
            return device.one(recording.scope);
        }
        if (given == null || given.dtype() != DType.F32 || !given.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    "output gradient: expected F32 " + expected + ", got " + given);
        }
        return device.copyIn(recording.scope, given);
    }

    @Override
    public void abandon() throws InterruptedException {
        run(
                false,
                () -> {
                    forgetMicroBatches();
                    return true;
                });
    }

    private void forgetMicroBatches() {
        for (var recording : inFlight.values()) {
            recording.close();
            if (recording.half) {
                parameters.forgetHalf();
            }
        }
        inFlight.clear();
    }

    @Override
    public void zeroGradients() throws InterruptedException {
        requireTraining();
        run(
                false,
                () -> {
                    parameters.zeroGradients();
                    return true;
                });
    }

    @Override
    public long beginSum() throws InterruptedException {
        requireTraining();
        return run(false, parameters::beginSum);
    }

    @Override
    public Tensor readSum(long first, int count) throws InterruptedException {
        requireTraining();
        return run(false, () -> parameters.readSum(first, count));
    }

    @Override
    public void writeSum(long first, Tensor sum) throws InterruptedException {
        try (sum) {
            requireTraining();
            run(
                    false,
                    () -> {
                        parameters.writeSum(first, sum);
                        return true;
                    });
        }
    }

    @Override
    public @Nullable Tensor tiedGradient() throws InterruptedException {
        requireTraining();
        return this.<@Nullable Tensor>run(false, parameters::tiedPart);
    }

    @Override
    public PreparedStep prepare(@Nullable Tensor otherTiedGradient) throws InterruptedException {
        try (otherTiedGradient) {
            requireTraining();
            inputs.checkTied(otherTiedGradient, parameters.needsTiedPart());
            return run(false, () -> parameters.prepare(otherTiedGradient));
        }
    }

    @Override
    public void apply(long next, Update update) throws InterruptedException {
        requireTraining();
        requireRoom(update.optimizer());
        run(
                false,
                () -> {
                    applyOnce(next, update);
                    return true;
                });
    }

    private void requireRoom(Optimizer optimizer) {
        var agreed = options.training().orElseThrow().optimizer();
        long room = agreed.stateBytes(parameters.trained());
        long needed = optimizer.stateBytes(parameters.trained());
        if (needed > room) {
            throw new IllegalArgumentException(
                    optimizer
                            + " needs "
                            + needed
                            + " bytes of state, the stage has "
                            + room
                            + " for "
                            + agreed);
        }
    }

    private void applyOnce(long next, Update update) {
        if (next == step) {
            return;
        }
        if (next != step + 1) {
            throw new IllegalArgumentException("step " + next + " after step " + step);
        }
        if (!inFlight.isEmpty()) {
            throw new IllegalStateException("micro-batches in flight: " + inFlight.keySet());
        }
        if (!parameters.isPrepared()) {
            throw new IllegalStateException("step " + next + " is not prepared");
        }
        whole = false;
        revision++;
        parameters.apply(update);
        step = next;
        whole = true;
    }

    @Override
    public long step() {
        return step;
    }

    @Override
    public Tensor infer(Tensor input) throws InterruptedException {
        try (input) {
            inputs.check(input, 0);
            return run(false, () -> inferred(input, null, 0, device::copyOut));
        }
    }

    @Override
    public float inferLoss(Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        try (input;
                labels) {
            inputs.check(input, 0);
            inputs.checkLabels(input, labels, labelCount);
            return run(false, () -> inferred(input, labels, labelCount, device::value));
        }
    }

    private <T> T inferred(
            Tensor input, @Nullable Tensor labels, long labelCount, Function<PtNDArray, T> use) {
        try (var scope = device.scope();
                var result =
                        operators.call(
                                model.method("infer"),
                                device.copyIn(scope, input),
                                parameters.leaves(),
                                model.inTraining(precision()),
                                rope.atLeast((int) input.shape().axis(1)),
                                model.numbers(),
                                labels(scope, labels),
                                labelCount)) {
            return use.apply(result.toTensor(scope));
        }
    }

    @Override
    public KvCache openCache(int batch, int capacity) throws InterruptedException {
        if (!(architecture instanceof ModelConfig config) || !config.causal()) {
            throw new IllegalArgumentException(
                    "a model for " + architecture.task() + " has no cache");
        }
        if (batch < 1 || capacity < 1 || capacity > config.contextLength()) {
            throw new IllegalArgumentException(
                    "cache of "
                            + batch
                            + " rows and "
                            + capacity
                            + " positions, context length "
                            + config.contextLength());
        }
        return run(
                false, () -> new TorchCache(this, thread, device, config, layers, batch, capacity));
    }

    @Override
    public Tensor extend(KvCache cache, Tensor input) throws InterruptedException {
        try (input) {
            if (!(cache instanceof TorchCache own) || own.stage() != this) {
                throw new IllegalArgumentException("a cache of another stage");
            }
            inputs.check(input, own.position());
            own.check(input.shape());
            return run(false, () -> extended(own, input));
        }
    }

    private Tensor extended(TorchCache cache, Tensor input) {
        int count = (int) input.shape().axis(1);
        int past = cache.position();
        try (var scope = device.scope();
                var result =
                        operators.call(
                                "extend",
                                device.copyIn(scope, input),
                                parameters.leaves(),
                                model.integers(),
                                rope.atLeast(past + count),
                                model.numbers(),
                                cache.arrays(),
                                (long) past)) {
            var tensor = device.copyOut(result.toTensor(scope));
            cache.moveTo(past + count);
            return tensor;
        }
    }

    @Override
    public StageState state() throws InterruptedException {
        return run(
                false,
                () -> new StageState(step, new LiveState(this, revision, parameters.state())));
    }

    /** Copies a part of a tensor as it is at {@code expected}, a {@link #revision}. */
    void read(long expected, String name, long offset, MemorySegment target)
            throws InterruptedException {
        run(
                false,
                () -> {
                    if (revision != expected) {
                        throw new IllegalStateException(
                                "the stage has changed since its state was asked for");
                    }
                    parameters.read(name, offset, target);
                    return true;
                });
    }

    @Override
    public void restore(StageState state) throws IOException, InterruptedException {
        architecture.requireTensors("weights", layers, state.parameters());
        var slots = training() ? state.slots(parameters.trained()) : Set.<StateSlot>of();
        long steps = training() ? state.optimizerSteps() : 0;
        var tensors = state.tensors().widened();
        var scope = device.scope();
        try {
            var pieces = thread.call(false, () -> reopened(slots, steps, scope));
            parameters.fill(pieces, tensors, thread);
        } finally {
            thread.callUninterruptibly(scope::close);
        }
        step = state.step();
        whole = true;
    }

    private List<Parameters.Piece> reopened(Set<StateSlot> slots, long steps, PtNDManager scope) {
        whole = false;
        revision++;
        forgetMicroBatches();
        return parameters.reopen(slots, steps, scope);
    }

    @Override
    public List<TensorSpec> parameters() {
        return parameters.specs();
    }

    @Override
    public Tensor parameter(String name) throws InterruptedException {
        return run(false, () -> parameters.value(name));
    }

    @Override
    public Tensor gradient(String name) throws InterruptedException {
        requireTraining();
        return run(false, () -> parameters.gradient(name));
    }

    @Override
    public Map<String, Digest> digests() throws InterruptedException {
        return run(false, parameters::digests);
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            thread.callUninterruptibly(() -> {
                forgetMicroBatches();
                parameters.close();
                device.home().close();
            });
            thread.close();
            onClose.accept(this);
        }
    }

    private <T extends @Nullable Object> T run(boolean grad, ComputeThread.Work<T> work)
            throws InterruptedException {
        return thread.call(
                grad,
                () -> {
                    if (!whole) {
                        throw new IllegalStateException(
                                "the stage is neither at one step nor at another: restore it");
                    }
                    return work.run();
                });
    }

    private boolean training() {
        return options.training().isPresent();
    }

    private void requireTraining() {
        if (!training()) {
            throw new IllegalStateException("the stage was not opened for training");
        }
    }

    /** A list of none or one, as operators take labels. */
    private PtNDArray[] labels(PtNDManager scope, @Nullable Tensor labels) {
        if (labels == null) {
            return new PtNDArray[0];
        }
        if (architecture.task().kind() != Task.Kind.REGRESSION) {
            return new PtNDArray[] {device.copyIn(scope, labels)};
        }
        try (var numbers = Tensor.allocate(DType.F32, labels.shape())) {
            for (long i = 0; i < labels.elements(); i++) {
                numbers.setFloat(i, Float.intBitsToFloat((int) labels.longAt(i)));
            }
            return new PtNDArray[] {device.copyIn(scope, numbers)};
        }
    }
}
