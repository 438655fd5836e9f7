package tensorlink.compute;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalInt;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What a decoder model is, as data: enough to name its tensors and to compute it.
 *
 * @param hidden the width of the residual stream
 * @param layers how many transformer layers
 * @param heads attention heads, a multiple of {@code kvHeads}
 * @param kvHeads heads of keys and values, each shared by {@code heads / kvHeads} queries
 * @param headDim dimensions per head, even
 * @param intermediate the inner width of the gated feed-forward
 * @param vocabulary how many token ids there are
 * @param contextLength the most positions the model was made for
 * @param normEpsilon added to the mean square in RMSNorm
 * @param qkvBias whether queries, keys and values have biases
 * @param outputBias whether attention's output projection has one
 * @param mlpBias whether the feed-forward's projections have biases
 * @param tiedEmbeddings whether the head uses the embedding's weights
 * @param windows per layer, how many positions back attention reaches, itself included; 0 for all
 * @param initializerRange the standard deviation of fresh weights
 */
public record ModelConfig(
        Family family,
        int hidden,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int intermediate,
        int vocabulary,
        int contextLength,
        double normEpsilon,
        Rope rope,
        boolean qkvBias,
        boolean outputBias,
        boolean mlpBias,
        boolean tiedEmbeddings,
        List<Integer> windows,
        SpecialTokens specialTokens,
        double initializerRange) {
    public static final int JSON_BYTES_MAX = 1 << 20;

    static final int HIDDEN_MAX = 1 << 16;
    static final int LAYERS_MAX = 1 << 10;
    static final int HEADS_MAX = 1 << 10;
    static final int HEAD_DIM_MAX = 1 << 10;
    static final int INTERMEDIATE_MAX = 1 << 20;
    static final int VOCABULARY_MAX = 1 << 22;
    static final int CONTEXT_MAX = 1 << 24;

    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String HEAD = "lm_head.weight";

    /** The Hugging Face architectures that share this description. */
    public enum Family {
        LLAMA("llama", "LlamaForCausalLM"),
        MISTRAL("mistral", "MistralForCausalLM"),
        QWEN2("qwen2", "Qwen2ForCausalLM");

        private final String modelType;
        private final String architecture;

        Family(String modelType, String architecture) {
            this.modelType = modelType;
            this.architecture = architecture;
        }

        public String modelType() {
            return modelType;
        }

        public String architecture() {
            return architecture;
        }
    }

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
        windows = List.copyOf(windows);
        within("hidden", hidden, HIDDEN_MAX);
        within("layers", layers, LAYERS_MAX);
        within("heads", heads, HEADS_MAX);
        within("kvHeads", kvHeads, heads);
        within("headDim", headDim, HEAD_DIM_MAX);
        within("intermediate", intermediate, INTERMEDIATE_MAX);
        within("vocabulary", vocabulary, VOCABULARY_MAX);
        within("contextLength", contextLength, CONTEXT_MAX);
        require(heads % kvHeads == 0, "heads " + heads + " not a multiple of kvHeads " + kvHeads);
        require(headDim % 2 == 0, "headDim " + headDim + " is odd");
        require(normEpsilon > 0 && normEpsilon < 1, "normEpsilon " + normEpsilon + ", 0 to 1");
        require(
                initializerRange >= 0 && initializerRange <= 1,
                "initializerRange " + initializerRange + ", 0 to 1");
        require(windows.size() == layers, windows.size() + " windows for " + layers + " layers");
        for (int window : windows) {
            require(window >= 0 && window <= CONTEXT_MAX, "window " + window);
        }
        int ids = vocabulary;
        specialTokens.pad().ifPresent(id -> require(id >= 0 && id < ids, "pad token " + id));
        switch (family) {
            case LLAMA ->
                    require(
                            qkvBias == outputBias && Collections.max(windows) == 0,
                            "a Llama has all attention biases or none, and no windows");
            case MISTRAL ->
                    require(
                            !qkvBias
                                    && !outputBias
                                    && !mlpBias
                                    && Collections.min(windows).equals(Collections.max(windows)),
                            "a Mistral has no biases, and one window for all layers");
            case QWEN2 ->
                    require(
                            qkvBias
                                    && !outputBias
                                    && !mlpBias
                                    && windows.stream().distinct().filter(w -> w > 0).count() <= 1,
                            "a Qwen2 has biases on queries, keys and values only, and one window"
                                    + " size");
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
    public byte[] json() {
        return HuggingFaceConfig.write(this);
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
        return new ModelConfig(
                Family.LLAMA,
                hidden,
                layers,
                heads,
                heads % 2 == 0 ? heads / 2 : heads,
                headDim,
                Math.ceilDiv(hidden * 8, 3 * 16) * 16,
                vocabulary,
                contextLength,
                1e-6,
                Rope.of(10_000),
                false,
                false,
                false,
                false,
                Collections.nCopies(layers, 0),
                SpecialTokens.none(),
                0.02);
    }

    public LayerRange allLayers() {
        return new LayerRange(0, layers);
    }

    public boolean holdsEmbedding(LayerRange range) {
        return range.first() == 0;
    }

    public boolean holdsHead(LayerRange range) {
        return range.end() == layers;
    }

    /**
     * Exactly the tensors a stage with {@code range} holds, by their Hugging Face names, in the
     * order of the model. A tied head needs the embedding's weights: the last stage then lists them
     * too, under the embedding's name, once if it is also the first.
     */
    public List<TensorSpec> tensors(LayerRange range) {
        require(range.end() <= layers, range + " of a model with " + layers);
        var tensors = new ArrayList<TensorSpec>();
        if (holdsEmbedding(range)) {
            tensors.add(f32(EMBEDDING, vocabulary, hidden));
        }
        for (int layer = range.first(); layer < range.end(); layer++) {
            addLayer(tensors, "model.layers." + layer + ".");
        }
        if (holdsHead(range)) {
            tensors.add(f32("model.norm.weight", hidden));
            if (!tiedEmbeddings) {
                tensors.add(f32(HEAD, vocabulary, hidden));
            } else if (!holdsEmbedding(range)) {
                tensors.add(f32(EMBEDDING, vocabulary, hidden));
            }
        }
        return List.copyOf(tensors);
    }

    /**
     * Refuses weights without the tensors that a stage with {@code range} holds, and weights of a
     * different model.
     *
     * @param source names the weights in errors
     * @throws ModelFormatException when a tensor is missing, or has another shape or a type that
     *     does not widen to F32, or when there are tensors that this model does not have
     */
    public void requireTensors(String source, LayerRange range, Weights weights)
            throws ModelFormatException {
        var found = new HashMap<String, TensorSpec>();
        for (var tensor : weights.tensors()) {
            found.put(tensor.name(), tensor);
        }
        for (var wanted : tensors(range)) {
            var tensor = found.get(wanted.name());
            if (tensor == null) {
                throw new ModelFormatException(source, wanted.name() + " is missing");
            }
            if (!tensor.shape().equals(wanted.shape())) {
                throw new ModelFormatException(
                        source,
                        wanted.name()
                                + ": expected shape "
                                + wanted.shape()
                                + ", found "
                                + tensor.shape());
            }
            if (tensor.dtype() != DType.F32 && !tensor.dtype().widens()) {
                throw new ModelFormatException(
                        source,
                        wanted.name() + ": expected F32, F16 or BF16, found " + tensor.dtype());
            }
        }
        for (var own : tensors(allLayers())) {
            found.remove(own.name());
        }
        for (var name : found.keySet()) {
            boolean harmless =
                    name.endsWith(".rotary_emb.inv_freq") || (tiedEmbeddings && name.equals(HEAD));
            if (!harmless) {
                throw new ModelFormatException(source, name + " belongs to another kind of model");
            }
        }
    }

    private void addLayer(List<TensorSpec> tensors, String layer) {
        int queries = heads * headDim;
        int keys = kvHeads * headDim;
        addLinear(tensors, layer + "self_attn.q_proj", queries, hidden, qkvBias);
        addLinear(tensors, layer + "self_attn.k_proj", keys, hidden, qkvBias);
        addLinear(tensors, layer + "self_attn.v_proj", keys, hidden, qkvBias);
        addLinear(tensors, layer + "self_attn.o_proj", hidden, queries, outputBias);
        addLinear(tensors, layer + "mlp.gate_proj", intermediate, hidden, mlpBias);
        addLinear(tensors, layer + "mlp.up_proj", intermediate, hidden, mlpBias);
        addLinear(tensors, layer + "mlp.down_proj", hidden, intermediate, mlpBias);
        tensors.add(f32(layer + "input_layernorm.weight", hidden));
        tensors.add(f32(layer + "post_attention_layernorm.weight", hidden));
    }

    private static void addLinear(
            List<TensorSpec> tensors, String name, int outputs, int inputs, boolean bias) {
        tensors.add(f32(name + ".weight", outputs, inputs));
        if (bias) {
            tensors.add(f32(name + ".bias", outputs));
        }
    }

    private static TensorSpec f32(String name, long... axes) {
        return new TensorSpec(name, DType.F32, Shape.of(axes));
    }

    /** How many parameters the whole model has; shared ones count once. */
    public long parameterCount() {
        long count = 0;
        for (var tensor : tensors(allLayers())) {
            count += tensor.shape().elements();
        }
        return count;
    }

    private static void within(String name, int value, int max) {
        require(value >= 1 && value <= max, name + " " + value + ", 1 to " + max);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
