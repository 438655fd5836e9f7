package tensorlink.compute.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.Digest;
import tensorlink.compute.Frozen;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.StageState;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A stage's parameters, with their accumulated gradients and optimizer state.
 *
 * <p>Operators work on <em>leaves</em>: the parameters in order and, where one stage holds both
 * ends of a model with a tied head, the head as a leaf of its own on the embedding's memory. So
 * embedding and head accumulate apart in any split, and are added once, when a step is prepared:
 * the same sum of the same two terms, to the bit, whether they were on one stage or two.
 *
 * <p>All calls but {@link #fill} are for the stage's compute thread.
 */
final class Parameters implements AutoCloseable {
    private final OperatorModule operators;
    private final NativeArrays device;
    private final PtNDManager home;
    private final List<TensorSpec> specs;
    private final List<TensorSpec> trained;
    private final PtNDArray[] values;
    private final IValue leaves;

    /** Of each leaf, which of {@link #sums} is its gradients', or -1 if it is not trained. */
    private final long[] places;

    private final long untrainedUnits;
    private final boolean training;
    private final PtNDArray[] sums;
    private final IValue sumList;
    private final OptimizerState optimizer;

    /** The places of running statistics, and how much each takes up of what is observed. */
    private final Map<Integer, Double> momenta;

    /** What was observed since gradients were dropped or applied, micro-batch by micro-batch. */
    private final List<List<PtNDArray>> observed = new ArrayList<>();

    private final int tiedEmbedding;
    private final int tiedHead;
    private boolean empty = true;

    /** Whether {@link #empty} still holds for the sums that {@link #weightGradients} adds to. */
    private boolean tappedEmpty = true;

    /** Micro-batches of whose gradients a part is missing. */
    private int halves;

    /** Whether the sums are those over all replicas, or on the way there. */
    private boolean summing;

    private boolean whole = true;
    private PtNDArray @Nullable [] prepared;
    private @Nullable PtNDArray merged;

    Parameters(
            NativeArrays device,
            Architecture architecture,
            LayerRange layers,
            Optional<TrainingOptions> how) {
        this.operators = device.operators();
        this.device = device;
        this.home = device.home();
        this.specs = architecture.tensors(layers);
        this.training = how.isPresent();
        var frozen = how.map(TrainingOptions::frozen).orElse(Frozen.none());
        this.trained = architecture.trained(layers, frozen);
        this.momenta = momenta(architecture.statistics(layers), frozen);
        boolean aliased =
                architecture.tiedEmbeddings()
                        && architecture.holdsEmbedding(layers)
                        && architecture.holdsHead(layers);
        int leafCount = specs.size() + (aliased ? 1 : 0);
        boolean tied =
                architecture.tiedEmbeddings()
                        && architecture instanceof ModelConfig config
                        && !frozen.holds(config.embeddingName());
        this.tiedEmbedding = tied && architecture.holdsEmbedding(layers) ? 0 : -1;
        this.tiedHead = tied && architecture.holdsHead(layers) ? leafCount - 1 : -1;
        this.values = allocate();
        var all = Arrays.copyOf(values, leafCount);
        if (aliased) {
            all[leafCount - 1] = JniUtils.detachGradient(values[0]);
        }
        this.places = new long[leafCount];
        var moving = new ArrayList<PtNDArray>();
        for (int i = 0; i < leafCount; i++) {
            // The alias, if there is one, is the embedding's.
            boolean moves = training && trained.contains(specs.get(i % specs.size()));
            places[i] = moves ? moving.size() : -1;
            if (moves) {
                all[i].setRequiresGradient(true);
                moving.add(all[i]);
            }
        }
        this.untrainedUnits =
                architecture instanceof ModelConfig config && config.holdsEmbedding(layers)
                        ? untrainedUnits(config, layers)
                        : 0;
        this.leaves = IValue.listFrom(all);
        this.sums = zeros(moving.toArray(new PtNDArray[0]));
        this.sumList = IValue.listFrom(sums);
        this.optimizer = new OptimizerState(device, trained);
    }

    /** Of those that are frozen 0, which leaves them as they are. */
    private Map<Integer, Double> momenta(Map<String, Double> statistics, Frozen frozen) {
        var momenta = new LinkedHashMap<Integer, Double>();
        statistics.forEach(
                (name, momentum) -> momenta.put(index(name), frozen.holds(name) ? 0.0 : momentum));
        return momenta;
    }

    /** How many of the first stage's units come before the first with something to be trained. */
    private long untrainedUnits(ModelConfig config, LayerRange layers) {
        var layout = config.layout();
        var sizes = new ArrayList<Integer>();
        sizes.add(layout.embedding().size());
        for (int layer = layers.first(); layer < layers.end(); layer++) {
            sizes.add(layout.layer(layer).size());
        }
        long first = Long.MAX_VALUE;
        for (int i = places.length - 1; i >= 0; i--) {
            first = places[i] >= 0 ? i : first;
        }
        long end = 0;
        for (int unit = 0; unit < sizes.size(); unit++) {
            end += sizes.get(unit);
            if (first < end) {
                return unit;
            }
        }
        return first < places.length ? sizes.size() : sizes.size() + 1L;
    }

    long untrainedUnits() {
        return untrainedUnits;
    }

    /** The parameters that have gradients, in their order. */
    List<TensorSpec> trained() {
        return trained;
    }

    private PtNDArray[] allocate() {
        var arrays = new PtNDArray[specs.size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = device.empty(home, NativeArrays.shape(specs.get(i).shape()));
        }
        return arrays;
    }

    private PtNDArray[] zeros(PtNDArray[] like) {
        var arrays = new PtNDArray[like.length];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = device.zeros(home, like[i].getShape());
        }
        return arrays;
    }

    List<TensorSpec> specs() {
        return specs;
    }

    /** The list of leaves, as operators take it. */
    IValue leaves() {
        return leaves;
    }

    /** Some of a parameter, or of the optimizer's state. */
    record Piece(String name, NativeArrays.Part part) {}

    /**
     * Makes room for the optimizer's state of {@code steps} steps, and drops all gradients.
     *
     * @param slots what the state is made of
     * @return parameters and state, to be filled; valid until {@code scope} closes
     */
    List<Piece> reopen(Set<StateSlot> slots, long steps, PtNDManager scope) {
        zeroGradients();
        optimizer.begin(slots, steps);
        var pieces = new ArrayList<Piece>();
        arrays().forEach((spec, array) -> {
            for (var part : device.parts(array, scope)) {
                pieces.add(new Piece(spec.name(), part));
            }
        });
        return pieces;
    }

    /** Parameters and optimizer state. */
    private Map<TensorSpec, PtNDArray> arrays() {
        var arrays = new LinkedHashMap<TensorSpec, PtNDArray>();
        for (int i = 0; i < values.length; i++) {
            arrays.put(specs.get(i), values[i]);
        }
        arrays.putAll(optimizer.arrays());
        return arrays;
    }

    /** What {@link #read} reads. */
    List<TensorSpec> state() {
        var specs = new ArrayList<>(arrays().keySet());
        if (optimizer.steps() > 0) {
            specs.add(StageState.OPTIMIZER_STEPS_SPEC);
        }
        return List.copyOf(specs);
    }

    /** Copies a part of a parameter or of the optimizer's state. */
    void read(String name, long offset, MemorySegment target) {
        for (var own : arrays().entrySet()) {
            if (own.getKey().name().equals(name)) {
                requireWithin(own.getKey(), offset, target);
                device.read(own.getValue(), offset, target);
                return;
            }
        }
        if (!name.equals(StageState.OPTIMIZER_STEPS)) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        requireWithin(StageState.OPTIMIZER_STEPS_SPEC, offset, target);
        var bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        var steps = MemorySegment.ofArray(bytes.putLong(optimizer.steps()).array());
        target.copyFrom(steps.asSlice(offset, target.byteSize()));
    }

    private static void requireWithin(TensorSpec tensor, long offset, MemorySegment target) {
        if (offset < 0 || target.byteSize() > tensor.byteSize() - offset) {
            throw new IllegalArgumentException(
                    tensor.name() + ": " + target.byteSize() + " bytes at " + offset);
        }
    }

    /**
     * Reads pieces; for the thread of whoever reads, while no operator runs.
     *
     * @param thread runs what has to be on the stage's own
     */
    void fill(List<Piece> pieces, Weights weights, ComputeThread thread)
            throws IOException, InterruptedException {
        for (var piece : pieces) {
            var part = piece.part();
            var memory = part.memory();
            if (memory != null) {
                weights.read(piece.name(), part.offset(), memory);
                continue;
            }
            try (var staged = Tensor.allocate(DType.U8, Shape.of(part.length()))) {
                weights.read(piece.name(), part.offset(), staged.data());
                thread.call(
                        false,
                        () -> {
                            device.write(part.array(), part.offset(), staged.data());
                            return true;
                        });
            }
        }
    }

    /** Adds the gradients of one micro-batch; returns the gradient of the stage's input. */
    PtNDArray backward(PtNDManager scope, PtNDArray[] tape, PtNDArray gradient, Description model) {
        forgetPrepared();
        requireWhole();
        requireOwn();
        whole = false;
        try (var result =
                operators.call(
                        model.method("backward"),
                        tape,
                        gradient,
                        leaves,
                        sumList,
                        places,
                        empty ? 1L : 0L,
                        model.integers(),
                        untrainedUnits)) {
            whole = true;
            empty = false;
            tappedEmpty = false;
            return result.toTensor(scope);
        }
    }

    /**
     * Adds those gradients of one micro-batch that come on the way to the stage's input, whose own
     * is returned.
     */
    PtNDArray inputGradient(
            PtNDManager scope,
            PtNDArray[] tape,
            IValue taps,
            PtNDArray gradient,
            Description model) {
        forgetPrepared();
        requireConsistent();
        requireOwn();
        whole = false;
        try (var result =
                operators.call(
                        model.method("input_gradient"),
                        tape,
                        taps,
                        gradient,
                        leaves,
                        sumList,
                        places,
                        empty ? 1L : 0L,
                        model.integers())) {
            whole = true;
            empty = false;
            halves++;
            return result.toTensor(scope);
        }
    }

    /** Adds the other gradients of a micro-batch. */
    void weightGradients(IValue taps) {
        requireConsistent();
        requireOwn();
        whole = false;
        halves--;
        operators
                .call("weight_gradients", taps, leaves, sumList, places, tappedEmpty ? 1L : 0L)
                .close();
        whole = true;
        tappedEmpty = false;
        if (sums.length > 0) {
            device.await(sums[0]);
        }
    }

    /** The other gradients of a micro-batch will not come. */
    void forgetHalf() {
        halves--;
        whole = false;
    }

    /**
     * Keeps what running statistics are to follow when the step is applied: so they count once, as
     * the step does, and a batch that is given up leaves no trace.
     *
     * @param statistics of a micro-batch whose gradients have been added
     */
    void observe(List<PtNDArray> statistics) {
        if (!statistics.isEmpty()) {
            statistics.forEach(array -> array.attach(home));
            observed.add(statistics);
        }
    }

    private void follow() {
        for (var statistics : observed) {
            var running = momenta.keySet().stream().map(i -> values[i]).toArray(PtNDArray[]::new);
            var weights = momenta.values().stream().mapToDouble(Double::doubleValue).toArray();
            operators
                    .call("graph_follow", running, statistics.toArray(PtNDArray[]::new), weights)
                    .close();
        }
        forgetObserved();
    }

    private void forgetObserved() {
        observed.forEach(statistics -> statistics.forEach(PtNDArray::close));
        observed.clear();
    }

    /** The first gradients afterwards replace what is there, so nothing is written now. */
    void zeroGradients() {
        forgetPrepared();
        forgetObserved();
        empty = true;
        tappedEmpty = true;
        summing = false;
        whole = true;
    }

    private void requireOwn() {
        if (summing) {
            throw new IllegalStateException(
                    "the gradients have been added to those of other replicas: they must be"
                            + " applied or zeroed");
        }
    }

    private void requireWhole() {
        requireConsistent();
        if (halves > 0) {
            throw new IllegalStateException(
                    "the weight gradients of " + halves + " micro-batches are still to come");
        }
    }

    private void requireConsistent() {
        if (!whole) {
            throw new IllegalStateException(
                    "a backward failed half-way: the accumulated gradients must be zeroed");
        }
    }

    /** The accumulated gradients of the leaves, true zeros if there are none. */
    private PtNDArray[] sums() {
        if (empty && sums.length > 0) {
            operators.call("zero", sumList).close();
        } else if (tappedEmpty) {
            requireWhole();
        }
        return sums;
    }

    /** {@link tensorlink.compute.Stage#beginSum}. */
    long beginSum() {
        forgetPrepared();
        requireWhole();
        requireOwn();
        sums();
        empty = false;
        tappedEmpty = false;
        summing = true;
        return numbers();
    }

    private long numbers() {
        long numbers = 0;
        for (var sum : sums) {
            numbers += sum.size();
        }
        return numbers;
    }

    Tensor readSum(long first, int count) {
        requireNumbers(first, count);
        var copy = Tensor.allocate(DType.F32, Shape.of(count));
        var data = copy.data();
        visit(
                first,
                count,
                (at, sum, offset, length) -> device.read(sum, offset, data.asSlice(at, length)));
        return copy;
    }

    void writeSum(long first, Tensor sum) {
        if (sum.dtype() != DType.F32) {
            throw new IllegalArgumentException("sum: expected F32, got " + sum);
        }
        requireNumbers(first, sum.elements());
        forgetPrepared();
        var data = sum.data();
        visit(
                first,
                sum.elements(),
                (at, own, offset, length) -> device.write(own, offset, data.asSlice(at, length)));
    }

    /** Is shown where numbers of a sum are, {@code at} bytes behind the first asked for. */
    @FunctionalInterface
    private interface Visitor {
        void piece(long at, PtNDArray sum, long offset, long length);
    }

    private void requireNumbers(long first, long count) {
        if (!summing) {
            throw new IllegalStateException("no sum over replicas has begun");
        }
        if (first < 0 || count < 0 || count > numbers() - first) {
            throw new IllegalArgumentException(
                    "gradients: " + count + " numbers from " + first + " of " + numbers());
        }
    }

    private void visit(long first, long count, Visitor visitor) {
        long at = 0;
        for (var sum : sums) {
            long here = Math.max(first, at);
            long there = Math.min(first + count, at + sum.size());
            if (here < there) {
                visitor.piece(
                        (here - first) * Float.BYTES,
                        sum,
                        (here - at) * Float.BYTES,
                        (there - here) * Float.BYTES);
            }
            at += sum.size();
        }
    }

    @Nullable Tensor tiedPart() {
        int own = ownTied();
        return own < 0 ? null : copy(sum(own));
    }

    /** The accumulated gradients of a leaf that is trained. */
    private PtNDArray sum(int leaf) {
        return sums()[(int) places[leaf]];
    }

    /** The tied leaf, where its other copy is on another stage; else -1. */
    private int ownTied() {
        return (tiedEmbedding < 0) == (tiedHead < 0) ? -1 : Math.max(tiedEmbedding, tiedHead);
    }

    /** Whether the other copy's gradient is needed to prepare. */
    boolean needsTiedPart() {
        return ownTied() >= 0;
    }

    PreparedStep prepare(@Nullable Tensor otherTied) {
        forgetPrepared();
        requireWhole();
        var gradients = Arrays.copyOf(sums(), trained.size()); // without the alias, the last leaf
        if (tiedEmbedding >= 0 && tiedHead >= 0) {
            merged = sum(sum(tiedEmbedding), sum(tiedHead));
            gradients[(int) places[tiedEmbedding]] = merged;
        } else if (otherTied != null) {
            try (var other = device.copyIn(home, otherTied)) {
                merged = sum(sum(ownTied()), other);
                gradients[(int) places[ownTied()]] = merged;
            }
        }
        prepared = gradients;
        return describe(gradients);
    }

    private PtNDArray sum(PtNDArray a, PtNDArray b) {
        try (var sum = operators.call("add", a, b)) {
            return sum.toTensor(home);
        }
    }

    private PreparedStep describe(PtNDArray[] gradients) {
        var hash = Digest.sha256();
        var squaredNorms = new ArrayList<Double>();
        for (int i = 0; i < gradients.length; i++) {
            // A shared tensor is on two stages; the embedding's counts.
            boolean counts = tiedHead < 0 || tiedEmbedding >= 0 || i != places[tiedHead];
            var squares = new double[1];
            device.read(
                    gradients[i],
                    memory -> {
                        Digest.hash(hash, memory);
                        squares[0] += counts ? sumOfSquares(memory) : 0;
                    });
            if (counts) {
                squaredNorms.add(squares[0]);
            }
        }
        for (var statistics : observed) {
            statistics.forEach(array -> device.read(array, memory -> Digest.hash(hash, memory)));
        }
        return new PreparedStep(Digest.ofHash(hash.digest()), squaredNorms);
    }

    /** In double precision and a fixed order, which libtorch's parallel sums do not have. */
    private static double sumOfSquares(MemorySegment floats) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        long count = floats.byteSize() / Float.BYTES;
        long i = 0;
        for (; i + 3 < count; i += 4) {
            double w = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            double x = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i + 1);
            double y = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i + 2);
            double z = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i + 3);
            a += w * w;
            b += x * x;
            c += y * y;
            d += z * z;
        }
        for (; i < count; i++) {
            double w = floats.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            a += w * w;
        }
        return (a + b) + (c + d);
    }

    boolean isPrepared() {
        return prepared != null;
    }

    /** Applies the prepared gradients; they are spent then. */
    void apply(Update update) {
        var gradients = prepared;
        if (gradients == null) {
            throw new IllegalStateException("not prepared");
        }
        if (update.gradientScale() != 1 && sums.length > 0) {
            double scale = update.gradientScale();
            operators.call("scale", sumList, scale).close();
            if (merged != null) {
                operators.call("scale", new PtNDArray[] {merged}, scale).close();
            }
        }
        if (gradients.length > 0) {
            optimizer.apply(update.optimizer(), moving(), gradients);
        }
        follow();
        forgetPrepared();
        summing = false;
        if (values.length > 0) {
            device.await(values[values.length - 1]);
        }
    }

    /** The values of what is trained. */
    private PtNDArray[] moving() {
        var moving = new PtNDArray[trained.size()];
        for (int i = 0; i < values.length; i++) {
            if (places[i] >= 0) {
                moving[(int) places[i]] = values[i];
            }
        }
        return moving;
    }

    private void forgetPrepared() {
        prepared = null;
        if (merged != null) {
            merged.close();
            merged = null;
        }
    }

    Tensor value(String name) {
        return copy(values[index(name)]);
    }

    /** Accumulated so far, zeros of what is frozen; of a tied tensor, of what is held here. */
    Tensor gradient(String name) {
        int index = index(name);
        if (!training) {
            throw new IllegalStateException("the stage was not opened for training");
        }
        if (index == tiedEmbedding && tiedHead >= 0) {
            try (var sum = sum(sum(tiedEmbedding), sum(tiedHead))) {
                return copy(sum);
            }
        }
        if (places[index] < 0) {
            return Tensor.allocate(DType.F32, specs.get(index).shape());
        }
        return copy(sum(index));
    }

    private Tensor copy(PtNDArray array) {
        return device.copyOut(array);
    }

    Map<String, Digest> digests() {
        var digests = new LinkedHashMap<String, Digest>();
        for (int i = 0; i < values.length; i++) {
            var hash = Digest.sha256();
            device.read(values[i], memory -> Digest.hash(hash, memory));
            digests.put(specs.get(i).name(), Digest.ofHash(hash.digest()));
        }
        return digests;
    }

    private int index(String name) {
        for (int i = 0; i < specs.size(); i++) {
            if (specs.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no parameter " + name + " here");
    }

    /** Releases the lists; the arrays are their manager's. */
    @Override
    public void close() {
        forgetPrepared();
        leaves.close();
        sumList.close();
    }
}
