package tensorlink.compute;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;

/**
 * A whole model in this process, in one stage or several that run one after another: what a
 * distributed run must equal to the bit. For one caller at a time.
 */
public final class LocalRun implements AutoCloseable {
    private final Architecture architecture;
    private final List<Stage> stages;

    /** What {@link #forward(Rows, int)} has run and {@link #backward} has not. */
    private List<MicroBatch> open = List.of();

    /** How many batches have been begun since the last step. */
    private long begun;

    private LocalRun(Architecture architecture, List<Stage> stages) {
        this.architecture = architecture;
        this.stages = List.copyOf(stages);
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
        var opened = new ArrayList<Stage>();
        try {
            for (var range : model.architecture().even(stages)) {
                opened.add(engine.open(model.architecture(), range, state, options));
            }
            return new LocalRun(model.architecture(), opened);
        } finally {
            if (opened.size() < stages) {
                opened.forEach(Stage::close);
            }
        }
    }

    public Architecture architecture() {
        return architecture;
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

    /** Adds the batch's gradients to the accumulated ones. Returns the batch's mean loss. */
    public float forwardBackward(Batch batch, int microBatches) throws InterruptedException {
        begin();
        float loss = 0;
        for (var part : batch.split(microBatches)) {
            loss += forward(part);
            @Nullable Tensor gradient = null;
            for (var stage : stages.reversed()) {
                gradient = stage.backward(part.index(), gradient);
            }
        }
        return loss;
    }

    private void begin() throws InterruptedException {
        for (var stage : stages) {
            stage.begin(begun);
        }
        begun++;
    }

    private float forward(MicroBatch part) throws InterruptedException {
        var x = part.inputs().toTensor();
        for (var stage : stages.subList(0, stages.size() - 1)) {
            x = stage.forward(part.index(), x);
        }
        return stages.getLast()
                .forwardLoss(part.index(), x, part.labels().toTensor(), part.labelCount());
    }

    /**
     * Runs forward for a loss of the caller's own, whose gradient {@link #backward} takes.
     *
     * @return what the last stage gives, of shape {@link Architecture#resultShape}; the caller's
     */
    public Tensor forward(Rows inputs, int microBatches) throws InterruptedException {
        begin();
        var parts = MicroBatch.split(inputs, microBatches);
        var results = new ArrayList<Tensor>();
        try {
            for (var part : parts) {
                var x = part.inputs().toTensor();
                for (var stage : stages) {
                    x = stage.forward(part.index(), x);
                }
                results.add(x);
            }
            open = parts;
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
        var parts = open;
        open = List.of();
        int first = 0;
        for (var part : parts) {
            int end = first + part.inputs().rows();
            @Nullable Tensor gradient = ofResult.rows(first, end);
            for (var stage : stages.reversed()) {
                gradient = stage.backward(part.index(), gradient);
            }
            first = end;
        }
    }

    /** Drops the accumulated gradients. */
    public void zeroGradients() throws InterruptedException {
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
        int end = stages.size() - 1;
        var ofEmbedding = stages.getFirst().tiedGradient();
        var ofHead = stages.getLast().tiedGradient();
        var prepared = new ArrayList<PreparedStep>();
        for (int i = 0; i <= end; i++) {
            prepared.add(stages.get(i).prepare(i == 0 ? ofHead : i == end ? ofEmbedding : null));
        }
        double norm = PreparedStep.norm(prepared);
        var update = Update.clipped(optimizer, norm, maxNorm);
        for (var stage : stages) {
            stage.apply(stage.step() + 1, update);
        }
        begun = 0;
        return norm;
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
        var holders = holders(name);
        var gradient = holders.getFirst().gradient(name);
        if (holders.size() > 1) {
            try (var other = holders.getLast().gradient(name)) {
                add(gradient, other);
            }
        }
        return gradient;
    }

    private static void add(Tensor sum, Tensor other) {
        for (long i = 0; i < sum.elements(); i++) {
            sum.setFloat(i, sum.floatAt(i) + other.floatAt(i));
        }
    }

    private List<Stage> holders(String name) {
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
        for (var stage : stages) {
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
        stages.forEach(Stage::close);
    }
}
