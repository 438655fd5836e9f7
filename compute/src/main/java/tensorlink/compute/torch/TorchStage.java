package tensorlink.compute.torch;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Digest;
import tensorlink.compute.KvCache;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A stage on the processor. Public calls check what they are given on the caller's thread, then run
 * one operator on the stage's own; fields below {@code thread} are that thread's.
 *
 * <p>What a micro-batch records lives in a manager of its own, which its backward closes; nothing
 * else allocates while training, so memory is flat.
 */
final class TorchStage implements Stage {
    private final ModelConfig config;
    private final LayerRange layers;
    private final StageOptions options;
    private final Inputs inputs;
    private final OperatorModule operators;
    private final Consumer<TorchStage> onClose;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile long step;

    private final ComputeThread thread;
    private final PtNDManager home;
    private final Description model;
    private final Parameters parameters;
    private final RopeTable rope;
    private final Map<Integer, Recording> inFlight = new HashMap<>();

    /**
     * What backward needs of a micro-batch.
     *
     * @param tape leaves and results, then what the stage gives
     */
    private record Recording(PtNDManager scope, List<PtNDArray> tape) {
        PtNDArray result() {
            return tape.getLast();
        }

        /** What a gradient is of: the result without the padding mask. */
        PtNDArray lastUnit() {
            return tape.get(tape.size() - 2);
        }
    }

    /** What a stage is opened with, besides the engine's own. */
    record Opening(ModelConfig config, LayerRange layers, StageOptions options) {}

    private TorchStage(
            Opening opening,
            OperatorModule operators,
            ComputeThread thread,
            PtNDManager home,
            Consumer<TorchStage> onClose) {
        this.config = opening.config();
        this.layers = opening.layers();
        this.options = opening.options();
        this.operators = operators;
        this.thread = thread;
        this.home = home;
        this.onClose = onClose;
        this.inputs = new Inputs(config, layers);
        this.model = Description.of(config, layers);
        this.parameters = new Parameters(operators, home, config, layers, options.training());
        this.rope = new RopeTable(home, config);
    }

    /** Allocates, then fills from {@code weights}; on failure nothing is left. */
    static TorchStage open(
            Opening opening,
            OperatorModule operators,
            PtNDManager engine,
            Weights weights,
            Consumer<TorchStage> onClose)
            throws IOException, InterruptedException {
        var thread = new ComputeThread("stage " + opening.layers(), opening.options().threads());
        var home = engine.newSubManager(engine.getDevice());
        boolean opened = false;
        try {
            var stage =
                    thread.call(
                            false, () -> new TorchStage(opening, operators, thread, home, onClose));
            stage.fill(weights);
            opened = true;
            return stage;
        } finally {
            if (!opened) {
                thread.callUninterruptibly(home::close);
                thread.close();
            }
        }
    }

    private void fill(Weights weights) throws IOException, InterruptedException {
        var scope = NativeArrays.scope(home);
        try {
            var pieces = thread.call(false, () -> parameters.pieces(scope));
            Parameters.read(pieces, weights);
        } finally {
            thread.callUninterruptibly(scope::close);
        }
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public LayerRange layers() {
        return layers;
    }

    @Override
    public boolean first() {
        return config.holdsEmbedding(layers);
    }

    @Override
    public boolean last() {
        return config.holdsHead(layers);
    }

    @Override
    public Tensor forward(int microBatch, Tensor input) throws InterruptedException {
        try (input) {
            requireTraining();
            inputs.check(input, 0);
            return thread.call(
                    true, () -> NativeArrays.copyOut(record(microBatch, input, null, 0).result()));
        }
    }

    @Override
    public float forwardLoss(int microBatch, Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        try (input;
                labels) {
            requireTraining();
            inputs.check(input, 0);
            inputs.checkLabels(input, labels, labelCount);
            return thread.call(
                    true, () -> value(record(microBatch, input, labels, labelCount).result()));
        }
    }

    private Recording record(
            int microBatch, Tensor input, @Nullable Tensor labels, long labelCount) {
        if (inFlight.containsKey(microBatch)) {
            throw new IllegalStateException("micro-batch " + microBatch + " is in flight");
        }
        var scope = NativeArrays.scope(home);
        try (var tape =
                operators.call(
                        "record",
                        NativeArrays.copyIn(scope, input),
                        parameters.leaves(),
                        model.integers(),
                        rope.atLeast((int) input.shape().axis(1)),
                        model.numbers(),
                        optional(scope, labels),
                        labelCount)) {
            var recording = new Recording(scope, List.of(tape.toTensorArray(scope)));
            inFlight.put(microBatch, recording);
            return recording;
        } finally {
            if (!inFlight.containsKey(microBatch)) {
                scope.close();
            }
        }
    }

    @Override
    public @Nullable Tensor backward(int microBatch, @Nullable Tensor outputGradient)
            throws InterruptedException {
        try (outputGradient) {
            requireTraining();
            return thread.<@Nullable Tensor>call(
                    false,
                    () -> {
                        var recording = inFlight.get(microBatch);
                        if (recording == null) {
                            throw new IllegalStateException(
                                    "micro-batch " + microBatch + " is not in flight");
                        }
                        var gradient = outputGradient(recording, outputGradient);
                        inFlight.remove(microBatch);
                        try (var scope = recording.scope()) {
                            var tape = recording.tape().toArray(new PtNDArray[0]);
                            var input =
                                    parameters.backward(scope, tape, gradient, model.integers());
                            return first() ? null : NativeArrays.copyOut(input);
                        }
                    });
        }
    }

    private static PtNDArray outputGradient(Recording recording, @Nullable Tensor given) {
        var expected = NativeArrays.shape(recording.lastUnit().getShape());
        if (expected.rank() == 0) {
            if (given != null) {
                throw new IllegalArgumentException("a loss takes no gradient, got " + given);
            }
            return (PtNDArray) recording.scope().ones(new Shape());
        }
        if (given == null || given.dtype() != DType.F32 || !given.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    "output gradient: expected F32 " + expected + ", got " + given);
        }
        return NativeArrays.copyIn(recording.scope(), given);
    }

    @Override
    public void abandon() throws InterruptedException {
        thread.call(
                false,
                () -> {
                    inFlight.values().forEach(recording -> recording.scope().close());
                    inFlight.clear();
                    return true;
                });
    }

    @Override
    public void zeroGradients() throws InterruptedException {
        requireTraining();
        thread.call(
                false,
                () -> {
                    parameters.zeroGradients();
                    return true;
                });
    }

    @Override
    public @Nullable Tensor tiedGradient() throws InterruptedException {
        requireTraining();
        return thread.<@Nullable Tensor>call(false, parameters::tiedPart);
    }

    @Override
    public PreparedStep prepare(@Nullable Tensor otherTiedGradient) throws InterruptedException {
        try (otherTiedGradient) {
            requireTraining();
            inputs.checkTied(otherTiedGradient, parameters.needsTiedPart());
            return thread.call(false, () -> parameters.prepare(otherTiedGradient));
        }
    }

    @Override
    public void apply(long next, Optimizer optimizer) throws InterruptedException {
        requireTraining();
        thread.call(
                false,
                () -> {
                    applyOnce(next, optimizer);
                    return true;
                });
    }

    private void applyOnce(long next, Optimizer optimizer) {
        if (next == step) {
            return;
        }
        if (next != step + 1) {
            throw new IllegalArgumentException("step " + next + " after step " + step);
        }
        if (!inFlight.isEmpty()) {
            throw new IllegalStateException("micro-batches in flight: " + inFlight.keySet());
        }
        switch (optimizer) {
            case AdamW adamW -> parameters.apply(next, adamW);
        }
        step = next;
    }

    @Override
    public long step() {
        return step;
    }

    @Override
    public Tensor infer(Tensor input) throws InterruptedException {
        try (input) {
            inputs.check(input, 0);
            return thread.call(false, () -> inferred(input, null, 0, NativeArrays::copyOut));
        }
    }

    @Override
    public float inferLoss(Tensor input, Tensor labels, long labelCount)
            throws InterruptedException {
        try (input;
                labels) {
            inputs.check(input, 0);
            inputs.checkLabels(input, labels, labelCount);
            return thread.call(false, () -> inferred(input, labels, labelCount, TorchStage::value));
        }
    }

    private <T> T inferred(
            Tensor input,
            @Nullable Tensor labels,
            long labelCount,
            java.util.function.Function<PtNDArray, T> use) {
        try (var scope = NativeArrays.scope(home);
                var result =
                        operators.call(
                                "infer",
                                NativeArrays.copyIn(scope, input),
                                parameters.leaves(),
                                model.integers(),
                                rope.atLeast((int) input.shape().axis(1)),
                                model.numbers(),
                                optional(scope, labels),
                                labelCount)) {
            return use.apply(result.toTensor(scope));
        }
    }

    @Override
    public KvCache openCache(int batch, int capacity) throws InterruptedException {
        if (!config.causal()) {
            throw new IllegalArgumentException("a model for " + config.task() + " has no cache");
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
        return thread.call(
                false, () -> new TorchCache(this, thread, home, config, layers, batch, capacity));
    }

    @Override
    public Tensor extend(KvCache cache, Tensor input) throws InterruptedException {
        try (input) {
            if (!(cache instanceof TorchCache own) || own.stage() != this) {
                throw new IllegalArgumentException("a cache of another stage");
            }
            inputs.check(input, own.position());
            own.check(input.shape());
            return thread.call(false, () -> extended(own, input));
        }
    }

    private Tensor extended(TorchCache cache, Tensor input) {
        int count = (int) input.shape().axis(1);
        int past = cache.position();
        try (var scope = NativeArrays.scope(home);
                var result =
                        operators.call(
                                "extend",
                                NativeArrays.copyIn(scope, input),
                                parameters.leaves(),
                                model.integers(),
                                rope.atLeast(past + count),
                                model.numbers(),
                                cache.arrays(),
                                (long) past)) {
            var tensor = NativeArrays.copyOut(result.toTensor(scope));
            cache.moveTo(past + count);
            return tensor;
        }
    }

    @Override
    public List<TensorSpec> parameters() {
        return parameters.specs();
    }

    @Override
    public Tensor parameter(String name) throws InterruptedException {
        return thread.call(false, () -> parameters.value(name));
    }

    @Override
    public Tensor gradient(String name) throws InterruptedException {
        requireTraining();
        return thread.call(false, () -> parameters.gradient(name));
    }

    @Override
    public Map<String, Digest> digests() throws InterruptedException {
        return thread.call(false, parameters::digests);
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            thread.callUninterruptibly(() -> {
                parameters.close();
                home.close();
            });
            thread.close();
            onClose.accept(this);
        }
    }

    private void requireTraining() {
        if (!options.training()) {
            throw new IllegalStateException("the stage was not opened for training");
        }
    }

    private static PtNDArray[] optional(PtNDManager scope, @Nullable Tensor tensor) {
        return tensor == null
                ? new PtNDArray[0]
                : new PtNDArray[] {NativeArrays.copyIn(scope, tensor)};
    }

    private static float value(PtNDArray scalar) {
        return NativeArrays.bytes(scalar).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
    }
}
