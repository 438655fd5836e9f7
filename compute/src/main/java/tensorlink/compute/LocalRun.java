package tensorlink.compute;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;

/**
 * A whole model in this process, in one stage or several that run one after another, and as many
 * replicas of them as {@link TrainingOptions#replicas} says: what a distributed run must equal to
 * the bit. For one caller at a time.
 */
public final class LocalRun implements AutoCloseable {
    private static final int SUMMED_AT_ONCE = 1 << 18;

    private final Architecture architecture;

    /** The stages of each replica, in order. */
    private final List<List<Stage>> replicas;

    /** Those of the first. */
    private final List<Stage> stages;

    /** What {@link #forward(Rows, int)} has run and {@link #backward} has not. */
    private List<List<MicroBatch>> open = List.of();

    /** How many batches have been begun since the last step. */
    private long begun;

    private LocalRun(Architecture architecture, List<List<Stage>> replicas) {
        this.architecture = architecture;
        this.replicas = List.copyOf(replicas);
        this.stages = replicas.getFirst();
    }

    /**
     * Opens the stages.
     *
     * @param stages 1 to as many as the model can be cut into
     */
    public static LocalRun open(Engine engine, Model model, int stages, StageOptions options)
            throws IOException, InterruptedException {
        return open(engine, model, StageState.initial(model.weights()), stages, options);
    }

    /** Opens the stages to go on from {@code state}, of whatever stages it was taken. */
    public static LocalRun open(
            Engine engine, Model model, StageState state, int stages, StageOptions options)
            throws IOException, InterruptedException {
        int replicas = options.training().map(TrainingOptions::replicas).orElse(1);
        var ranges = model.architecture().even(stages);
        var opened = new ArrayList<Stage>();
        boolean complete = false;
        try {
            var all = new ArrayList<List<Stage>>();
            for (int replica = 0; replica < replicas; replica++) {
                for (var range : ranges) {
                    opened.add(engine.open(model.architecture(), range, state, options));
                }
                all.add(List.copyOf(opened.subList(opened.size() - stages, opened.size())));
            }
            complete = true;
            return new LocalRun(model.architecture(), all);
        } finally {
            if (!complete) {
                opened.forEach(Stage::close);
            }
        }
    }

    public Architecture architecture() {
        return architecture;
    }

    /** How many replicas of the stages share a batch. */
    public int replicas() {
        return replicas.size();
    }

    /** What the last stage gives, of shape {@link Architecture#resultShape}; the caller's. */
    public Tensor logits(Rows inputs) throws InterruptedException {
        var x = inputs.toTensor();
        for (var stage : stages) {
            x = stage.infer(x);
        }
        return x;
    }

    /** The batch's mean loss. */
    public float evaluate(Batch batch, int microBatches) throws InterruptedException {
        float loss = 0;
        for (var part : batch.split(microBatches)) {
            var x = part.inputs().toTensor();
            for (var stage : stages.subList(0, stages.size() - 1)) {
                x = stage.infer(x);
            }
            loss += stages.getLast().inferLoss(x, part.labels().toTensor(), part.labelCount());
        }
        return loss;
    }

    /**
     * Adds the batch's gradients to the accumulated ones.
     *
     * @return the batch's mean loss
     * @throws IllegalArgumentException when there is not a micro-batch for each replica
     */
    public float forwardBackward(Batch batch, int microBatches) throws InterruptedException {
        var shares = shares(batch.split(microBatches));
        begin();
        float loss = 0;
        for (int replica = 0; replica < shares.size(); replica++) {
            var own = replicas.get(replica);
            for (var part : shares.get(replica)) {
                loss += forwardLoss(own, part);
                backward(own, part, null);
            }
        }
        return loss;
    }

    private List<List<MicroBatch>> shares(List<MicroBatch> parts) {
        if (parts.size() < replicas.size()) {
            throw new IllegalArgumentException(
                    "micro-batches "
                            + parts.size()
                            + ", at least 1 for each of "
                            + replicas.size()
                            + " replicas");
        }
        return MicroBatch.share(parts, replicas.size());
    }

    private void begin() throws InterruptedException {
        for (var own : replicas) {
            for (var stage : own) {
                stage.begin(begun);
            }
        }
        begun++;
    }

    private static float forwardLoss(List<Stage> stages, MicroBatch part)
            throws InterruptedException {
        var x = forward(stages.subList(0, stages.size() - 1), part);
        return stages.getLast()
                .forwardLoss(part.index(), x, part.labels().toTensor(), part.labelCount());
    }

    private static Tensor forward(List<Stage> stages, MicroBatch part) throws InterruptedException {
        var x = part.inputs().toTensor();
        for (var stage : stages) {
            x = stage.forward(part.index(), x);
        }
        return x;
    }

    private static void backward(List<Stage> stages, MicroBatch part, @Nullable Tensor ofResult)
            throws InterruptedException {
        var gradient = ofResult;
        for (var stage : stages.reversed()) {
            gradient = stage.backward(part.index(), gradient);
        }
    }

    /**
     * Runs forward for a loss of the caller's own, whose gradient {@link #backward} takes.
     *
     * @return what the last stage gives, of shape {@link Architecture#resultShape}; the caller's
     */
    public Tensor forward(Rows inputs, int microBatches) throws InterruptedException {
        var shares = shares(MicroBatch.split(inputs, microBatches));
        begin();
        var results = new ArrayList<Tensor>();
        try {
            for (int replica = 0; replica < shares.size(); replica++) {
                for (var part : shares.get(replica)) {
                    results.add(forward(replicas.get(replica), part));
                }
            }
            open = shares;
            return Tensor.joined(results);
        } finally {
            results.forEach(Tensor::close);
        }
    }

    /**
     * Adds the gradients of the parameters to the accumulated ones.
     *
     * @param ofResult the gradient of what {@link #forward(Rows, int)} returned last; stays the
     *     caller's
     */
    public void backward(Tensor ofResult) throws InterruptedException {
        if (open.isEmpty()) {
            throw new IllegalStateException("backward without a forward");
        }
        var shares = open;
        open = List.of();
        int first = 0;
        for (int replica = 0; replica < shares.size(); replica++) {
            for (var part : shares.get(replica)) {
                int end = first + part.inputs().rows();
                backward(replicas.get(replica), part, ofResult.rows(first, end));
                first = end;
            }
        }
    }

    /** Drops the accumulated gradients. */
    public void zeroGradients() throws InterruptedException {
        for (var own : replicas) {
            zeroGradients(own);
        }
    }

    private static void zeroGradients(List<Stage> stages) throws InterruptedException {
        for (var stage : stages) {
            stage.zeroGradients();
        }
    }

    /**
     * Applies the accumulated gradients; they stay until {@link #zeroGradients}.
     *
     * @return the norm of all gradients together
     */
    public double step(Optimizer optimizer) throws InterruptedException {
        return step(optimizer, Double.POSITIVE_INFINITY);
    }

    /**
     * Applies the accumulated gradients, scaled so that their norm is at most {@code maxNorm}.
     *
     * @return the norm they had
     */
    public double step(Optimizer optimizer, double maxNorm) throws InterruptedException {
        for (int i = 0; i < stages.size() && replicas.size() > 1; i++) {
            sum(i);
        }
        var prepared = prepare(stages);
        for (var other : replicas.subList(1, replicas.size())) {
            if (!prepare(other).equals(prepared)) {
                throw new IllegalStateException("replicas differ in their gradients");
            }
        }
        double norm = PreparedStep.norm(prepared);
        var update = Update.clipped(optimizer, norm, maxNorm);
        for (var stage : allStages()) {
            stage.apply(stage.step() + 1, update);
        }
        for (var other : replicas.subList(1, replicas.size())) {
            zeroGradients(other); // the first has them all
        }
        begun = 0;
        return norm;
    }

    /** Gives each replica of a stage what they have accumulated together. */
    private void sum(int stage) throws InterruptedException {
        long numbers = 0;
        for (var own : replicas) {
            numbers = own.get(stage).beginSum();
        }
        for (long first = 0; first < numbers; first += SUMMED_AT_ONCE) {
            int count = (int) Math.min(SUMMED_AT_ONCE, numbers - first);
            try (var sum = stages.get(stage).readSum(first, count)) {
                for (var other : replicas.subList(1, replicas.size())) {
                    try (var part = other.get(stage).readSum(first, count)) {
                        sum.add(part);
                    }
                }
                for (var own : replicas) {
                    own.get(stage).writeSum(first, sum.rows(0, count));
                }
            }
        }
    }

    private static List<PreparedStep> prepare(List<Stage> stages) throws InterruptedException {
        int end = stages.size() - 1;
        var ofEmbedding = stages.getFirst().tiedGradient();
        var ofHead = stages.getLast().tiedGradient();
        var prepared = new ArrayList<PreparedStep>();
        for (int i = 0; i <= end; i++) {
            prepared.add(stages.get(i).prepare(i == 0 ? ofHead : i == end ? ofEmbedding : null));
        }
        return prepared;
    }

    /** How many steps have been applied. */
    public long steps() {
        return stages.getFirst().step();
    }

    /** What another run, of any number of stages, needs to go on from here; until the next step. */
    public StageState state() throws InterruptedException {
        var parts = new ArrayList<Weights>();
        for (var stage : stages) {
            parts.add(stage.state().tensors());
        }
        return new StageState(steps(), new JoinedWeights(parts));
    }

    /** The tokens that follow {@code prompt}; exactly {@code maxNew}, whichever they are. */
    public List<Integer> generate(List<Integer> prompt, int maxNew, Sampling sampling)
            throws InterruptedException {
        var caches = new ArrayList<KvCache>();
        try {
            for (var stage : stages) {
                caches.add(stage.openCache(1, prompt.size() + maxNew));
            }
            var sampler = new Sampler(sampling);
            var tokens = new ArrayList<Integer>();
            var next = prompt;
            for (int i = 0; i < maxNew; i++) {
                try (var logits = extend(caches, next)) {
                    tokens.add(sampler.next(logits, prompt.size() + i));
                }
                next = List.of(tokens.getLast());
            }
            return tokens;
        } finally {
            caches.forEach(KvCache::close);
        }
    }

    private Tensor extend(List<KvCache> caches, List<Integer> tokens) throws InterruptedException {
        var x = Tokens.of(tokens.stream().mapToLong(Integer::longValue).toArray()).toTensor();
        for (int i = 0; i < stages.size(); i++) {
            x = stages.get(i).extend(caches.get(i), x);
        }
        return x;
    }

    /** A copy of a parameter's value. */
    public Tensor parameter(String name) throws InterruptedException {
        return holders(name).getFirst().parameter(name);
    }

    /** A copy of a parameter's accumulated gradient. */
    public Tensor gradient(String name) throws InterruptedException {
        Tensor gradient = null;
        for (int holder = 0; holder < holders(name).size(); holder++) {
            var part = gradientOf(holder, name);
            if (gradient == null) {
                gradient = part;
            } else {
                try (part) {
                    gradient.add(part);
                }
            }
        }
        return Objects.requireNonNull(gradient);
    }

    /** What all replicas of a stage that holds a parameter have accumulated. */
    private Tensor gradientOf(int holder, String name) throws InterruptedException {
        var sum = holders(stages, name).get(holder).gradient(name);
        for (var other : replicas.subList(1, replicas.size())) {
            try (var part = holders(other, name).get(holder).gradient(name)) {
                sum.add(part);
            }
        }
        return sum;
    }

    private List<Stage> holders(String name) {
        return holders(stages, name);
    }

    private static List<Stage> holders(List<Stage> stages, String name) {
        var holders = new ArrayList<Stage>();
        for (var stage : stages) {
            for (var parameter : stage.parameters()) {
                if (parameter.name().equals(name)) {
                    holders.add(stage);
                }
            }
        }
        if (holders.isEmpty()) {
            throw new IllegalArgumentException("no parameter " + name);
        }
        return holders;
    }

    /** One digest of all weights, the same for any number of stages. */
    public Digest weightsDigest() throws InterruptedException {
        var digests = new LinkedHashMap<String, Digest>();
        for (var stage : allStages()) {
            for (var entry : stage.digests().entrySet()) {
                var other = digests.put(entry.getKey(), entry.getValue());
                if (other != null && !other.equals(entry.getValue())) {
                    throw new IllegalStateException("two stages differ in " + entry.getKey());
                }
            }
        }
        return Digest.ofAll(digests);
    }

    /** A copy of all weights as they are now; the caller closes it. */
    public Weights weights() throws InterruptedException {
        var tensors = new LinkedHashMap<String, Tensor>();
        for (var parameter : architecture.tensors(architecture.allLayers())) {
            tensors.put(parameter.name(), parameter(parameter.name()));
        }
        return new MemoryWeights(tensors);
    }

    @Override
    public void close() {
        allStages().forEach(Stage::close);
    }

    private List<Stage> allStages() {
        return replicas.stream().flatMap(List::stream).toList();
    }
}
