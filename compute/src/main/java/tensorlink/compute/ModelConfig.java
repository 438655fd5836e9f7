package tensorlink.compute;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tensorlink.compute.Family.Placement;
import tensorlink.compute.FeedForward.Activation;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What a transformer is, as data: enough to name its tensors and to compute it.
 *
 * @param hidden the width of the residual stream
 * @param layers how many transformer layers
 * @param vocabulary how many token ids there are
 * @param contextLength the most positions the model was made for
 * @param initializerRange the standard deviation of fresh weights
 */
public record ModelConfig(
        Family family,
        Task task,
        int hidden,
        int layers,
        int vocabulary,
        int contextLength,
        Block block,
        Ends ends,
        Dropout dropout,
        SpecialTokens specialTokens,
        double initializerRange)
        implements Architecture {
    public static final int JSON_BYTES_MAX = 1 << 20;

    static final int HIDDEN_MAX = 1 << 16;
    static final int LAYERS_MAX = 1 << 10;
    static final int HEADS_MAX = 1 << 10;
    static final int HEAD_DIM_MAX = 1 << 10;
    static final int INTERMEDIATE_MAX = 1 << 20;
    static final int VOCABULARY_MAX = 1 << 22;
    static final int CONTEXT_MAX = 1 << 24;

    /**
     * Token ids with a meaning of their own.
     *
     * @param end the ids that end a text
     * @param pad the id whose embedding is not trained
     */
    public record SpecialTokens(OptionalInt begin, List<Integer> end, OptionalInt pad) {
        public SpecialTokens {
            end = List.copyOf(end);
        }

        public static SpecialTokens none() {
            return new SpecialTokens(OptionalInt.empty(), List.of(), OptionalInt.empty());
        }
    }

    public ModelConfig {
        within("hidden", hidden, HIDDEN_MAX);
        within("layers", layers, LAYERS_MAX);
        within("vocabulary", vocabulary, VOCABULARY_MAX);
        within("contextLength", contextLength, CONTEXT_MAX);
        require(
                initializerRange >= 0 && initializerRange <= 1,
                "initializerRange " + initializerRange + ", 0 to 1");
        require(
                (long) vocabulary * Math.max(1, ends.segments()) <= Integer.MAX_VALUE,
                vocabulary + " tokens in " + ends.segments() + " segments");
        int windows = block.attention().windows().size();
        require(windows == layers, windows + " windows for " + layers + " layers");
        int ids = vocabulary;
        specialTokens.pad().ifPresent(id -> require(id >= 0 && id < ids, "pad token " + id));
        require(
                family.architectures().containsKey(task.kind()),
                "no " + family.modelType() + " is for " + task);
        var kind = task.kind();
        boolean hasHead = family.names(kind).containsKey(Part.HEAD);
        require(hasHead || !ends.tied(), "a tied head of a model without one");
        family.require(hidden, block, ends);
        if (block.lora().isPresent()) {
            block.lora().get().requireTargets(Layout.linearParts(family.names(kind)));
        }
    }

    /**
     * Reads a Hugging Face {@code config.json}.
     *
     * @param source names the file in errors
     * @throws ModelFormatException for malformed JSON, an unknown architecture, a value out of
     *     range, or a key whose value would change results in a way this program cannot follow
     */
    public static ModelConfig parse(String source, byte[] json) throws ModelFormatException {
        return HuggingFaceConfig.parse(source, json);
    }

    /**
     * A Hugging Face {@code config.json} from which {@link #parse} gives an equal configuration.
     */
    @Override
    public byte[] json() {
        return HuggingFaceWriter.write(this);
    }

    /**
     * A Llama for training from scratch: heads of 32 dimensions, half as many for keys and values,
     * and a feed-forward 8/3 as wide as {@code hidden}, rounded up to a multiple of 16.
     *
     * @param hidden a multiple of 32
     */
    public static ModelConfig llama(int hidden, int layers, int vocabulary, int contextLength) {
        int headDim = 32;
        int heads = hidden / headDim;
        require(heads >= 1 && hidden % headDim == 0, "hidden " + hidden + ", a multiple of 32");
        var attention =
                new Attention(
                        heads,
                        heads % 2 == 0 ? heads / 2 : heads,
                        headDim,
                        false,
                        false,
                        headDim,
                        0,
                        Collections.nCopies(layers, 0));
        return new ModelConfig(
                Family.LLAMA,
                new Task.CausalLm(),
                hidden,
                layers,
                vocabulary,
                contextLength,
                new Block(
                        attention,
                        new FeedForward(
                                Math.ceilDiv(hidden * 8, 3 * 16) * 16, Activation.SILU, false),
                        new Norm(1e-6, Placement.BEFORE),
                        new Positions.Rotary(Rope.of(10_000), headDim)),
                Ends.plain(false),
                Dropout.NONE,
                SpecialTokens.none(),
                0.02);
    }

    /** The same model, to be trained without dropout. */
    public ModelConfig withoutDropout() {
        return new ModelConfig(
                family,
                task,
                hidden,
                layers,
                vocabulary,
                contextLength,
                block,
                ends,
                Dropout.NONE,
                specialTokens,
                initializerRange);
    }

    /** The same model with other adapters, or with none. */
    ModelConfig withLora(Optional<Lora> lora) {
        return new ModelConfig(
                family,
                task,
                hidden,
                layers,
                vocabulary,
                contextLength,
                new Block(
                        block.attention(),
                        block.feedForward(),
                        block.norm(),
                        block.positions(),
                        lora),
                ends,
                dropout,
                specialTokens,
                initializerRange);
    }

    /**
     * The same encoder for another task, whose head is its own.
     *
     * @throws IllegalArgumentException when no model of the family is for that
     */
    ModelConfig withTask(Task other) {
        boolean headed = other.ofRows();
        return new ModelConfig(
                family,
                other,
                hidden,
                layers,
                vocabulary,
                contextLength,
                block,
                other.kind() == Task.Kind.MASKED_LM ? ends : ends.untied(),
                headed && dropout.head() == 0 ? dropout.withHead(dropout.residual()) : dropout,
                specialTokens,
                initializerRange);
    }

    /** Where training drops values, and how often. */
    public Dropout.Sites dropoutSites() {
        return dropout.sites(family);
    }

    /** The token whose row of the embedding gets no gradient. */
    public OptionalInt untrainedToken() {
        return switch (family.traits().padding()) {
            case UNTRAINED -> specialTokens.pad();
            case ANY_TOKEN -> OptionalInt.empty();
        };
    }

    /** Whether the feed-forward is multiplied by a gate. */
    boolean gated() {
        return names().containsKey(Part.GATE) || names().containsKey(Part.GATE_UP);
    }

    /** The parts it has, with their names. */
    Map<Part, String> names() {
        return family.names(task.kind());
    }

    @Override
    public boolean causal() {
        return task.kind() == Task.Kind.CAUSAL_LM;
    }

    /**
     * How wide what a stage hands to the next is: the hidden state of each position and, in models
     * that see whole texts, 1 behind it where there is a token and 0 where there is padding.
     */
    public int edgeWidth() {
        return causal() ? hidden : hidden + 1;
    }

    /**
     * Token ids are below this: there is a range of the vocabulary's size for each segment of a
     * text, so that {@code id + vocabulary} is token {@code id} in the second.
     */
    public int idLimit() {
        return vocabulary * Math.max(1, ends.segments());
    }

    /** How many numbers the last stage gives for a position, or for a row if it is classified. */
    public int resultWidth() {
        return switch (task) {
            case Task.CausalLm(), Task.MaskedLm() -> vocabulary;
            case Task.Classification(List<String> labels) -> labels.size();
            case Task.Regression(List<String> labels) -> labels.size();
            case Task.Features() -> hidden;
            case Task.Graph(var loss) ->
                    throw new IllegalStateException("no " + family + " is for " + loss);
        };
    }

    @Override
    public Shape resultShape(int rows, int length) {
        return task.ofRows()
                ? Shape.of(rows, resultWidth())
                : Shape.of(rows, length, resultWidth());
    }

    @Override
    public DType labelType() {
        return DType.I64;
    }

    @Override
    public Shape labelShape(long rows, long length) {
        return Shape.of(
                rows,
                switch (task) {
                    case Task.CausalLm(), Task.MaskedLm(), Task.Features() -> length;
                    case Task.Classification ignored -> 1;
                    case Task.Regression(List<String> labels) -> labels.size();
                    case Task.Graph(var loss) ->
                            throw new IllegalStateException("no " + family + " is for " + loss);
                });
    }

    @Override
    public boolean takesTokens() {
        return true;
    }

    @Override
    public int edgeWidth(int cut) {
        return edgeWidth();
    }

    @Override
    public PositionBytes positionBytes() {
        return new PositionBytes(
                Long.BYTES, (long) Float.BYTES * edgeWidth(), (long) Float.BYTES * resultWidth());
    }

    @Override
    public void requireInputs(Rows inputs) {
        inputs.tokens().requireBelow("token", idLimit(), causal() ? 0 : Tokens.PADDING);
    }

    @Override
    public void requireLabels(Rows labels) {
        var tokens = labels.tokens();
        if (task.kind() == Task.Kind.REGRESSION) {
            tokens.requireNumbers("label");
        } else {
            tokens.requireBelow("label", resultWidth(), Batch.IGNORED);
        }
    }

    public Attention attention() {
        return block.attention();
    }

    public FeedForward feedForward() {
        return block.feedForward();
    }

    @Override
    public boolean tiedEmbeddings() {
        return ends.tied();
    }

    /**
     * Exactly the tensors a stage with {@code range} holds, by their Hugging Face names, in the
     * order of the model. A tied head needs the embedding's weights: the last stage then lists them
     * too, under the embedding's name, once if it is also the first.
     */
    @Override
    public List<TensorSpec> tensors(LayerRange range) {
        require(range.end() <= layers, range + " of a model with " + layers);
        var layout = layout();
        var entries = new ArrayList<Layout.Entry>();
        if (holdsEmbedding(range)) {
            entries.addAll(layout.embedding());
        }
        for (int layer = range.first(); layer < range.end(); layer++) {
            entries.addAll(layout.layer(layer));
        }
        if (holdsHead(range)) {
            entries.addAll(layout.head());
        }
        return entries.stream().map(Layout.Entry::tensor).distinct().toList();
    }

    /** What each tensor is for. */
    public Layout layout() {
        return new Layout(this);
    }

    /** The name of the embedding's weights, which a tied head shares. */
    public String embeddingName() {
        return layout().embedding().getFirst().tensor().name();
    }

    @Override
    public List<String> storedNames(String tensor) {
        var names = new ArrayList<String>();
        names.add(tensor);
        names.addAll(family.alsoKnownAs(tensor));
        return names;
    }

    @Override
    public Weights named(Weights stored) {
        return RenamedWeights.of(this, stored);
    }

    @Override
    public boolean ignores(String tensor) {
        return (ends.tied() && tensor.equals(names().get(Part.HEAD) + ".weight"))
                || family.ignores(tensor);
    }

    static void within(String name, int value, int max) {
        require(value >= 1 && value <= max, name + " " + value + ", 1 to " + max);
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
