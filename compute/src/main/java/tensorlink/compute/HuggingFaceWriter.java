package tensorlink.compute;

import java.io.ByteArrayOutputStream;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import tensorlink.compute.Family.Placement;
import tensorlink.compute.ModelConfig.SpecialTokens;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes {@code config.json} so that any version of transformers, and {@link HuggingFaceConfig},
 * read the same model from it. Rotary settings have the layout that every version understands.
 */
final class HuggingFaceWriter {
    private final ModelConfig config;
    private final Dialect dialect;
    private final JsonGenerator json;

    private HuggingFaceWriter(ModelConfig config, JsonGenerator json) {
        this.config = config;
        this.dialect = Dialect.of(config.family());
        this.json = json;
    }

    static byte[] write(ModelConfig config) {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            new HuggingFaceWriter(config, json).write();
        }
        return bytes.toByteArray();
    }

    private void write() {
        var keys = dialect.keys();
        var attention = config.attention();
        var family = config.family();
        json.writeStartObject();
        json.writeArrayPropertyStart("architectures");
        json.writeString(family.architectures().get(config.task().kind()));
        json.writeEndArray();
        json.writeStringProperty("model_type", family.modelType());
        json.writeStringProperty("torch_dtype", "float32");
        json.writeNumberProperty(keys.hidden(), config.hidden());
        json.writeNumberProperty(keys.layers(), config.layers());
        json.writeNumberProperty(keys.heads(), attention.heads());
        if (family.choosesHeads()) {
            json.writeNumberProperty("num_key_value_heads", attention.keyHeads());
            json.writeNumberProperty("head_dim", attention.headDim());
        }
        json.writeNumberProperty(keys.inner(), config.feedForward().inner());
        json.writeStringProperty(
                keys.activation(), config.feedForward().activation().names().getFirst());
        json.writeNumberProperty("vocab_size", config.vocabulary());
        json.writeNumberProperty(keys.context(), config.contextLength() + offset());
        if (!keys.epsilon().isEmpty()) {
            json.writeNumberProperty(keys.epsilon(), config.block().norm().epsilon());
        }
        json.writeNumberProperty("initializer_range", config.initializerRange());
        writeDropout(keys.attentionDropout(), config.dropout().attention());
        writeDropout(keys.residualDropout(), config.dropout().residual());
        if (!keys.embeddingDropout().equals(keys.residualDropout())) {
            writeDropout(keys.embeddingDropout(), config.dropout().embedding());
        }
        json.writeBooleanProperty("tie_word_embeddings", config.ends().tied());
        switch (config.block().positions()) {
            case Positions.Rotary rotary -> writeRotary(rotary);
            case Positions.Learned ignored -> {}
        }
        writeFamily();
        switch (config.task()) {
            case Task.Classification(List<String> labels) ->
                    writeLabels(HuggingFaceConfig.CLASSIFICATION, labels);
            case Task.Regression(List<String> labels) ->
                    writeLabels(HuggingFaceConfig.REGRESSION, labels);
            case Task.CausalLm(), Task.MaskedLm(), Task.Features() -> {}
            case Task.Graph(var loss) ->
                    throw new IllegalStateException("no config is for " + loss);
        }
        writeSpecialTokens(config.specialTokens());
        config.block().lora().ifPresent(this::writeLora);
        json.writeEndObject();
    }

    /** A key of ours, for workers and for checkpoints: a model to be given away is merged first. */
    private void writeLora(Lora lora) {
        json.writeObjectPropertyStart(HuggingFaceConfig.LORA);
        json.writeNumberProperty("rank", lora.rank());
        json.writeNumberProperty("alpha", lora.alpha());
        json.writeArrayPropertyStart("targets");
        lora.targets().forEach(json::writeString);
        json.writeEndArray();
        json.writeEndObject();
    }

    private void writeDropout(String key, double rate) {
        if (!key.isEmpty()) {
            json.writeNumberProperty(key, rate);
        }
    }

    private void writeRotary(Positions.Rotary rotary) {
        double part = (double) rotary.dimensions() / config.attention().headDim();
        var rope = rotary.rope();
        if (config.family() == Family.GPT_NEOX) {
            json.writeNumberProperty("rotary_emb_base", rope.theta());
            json.writeNumberProperty("rotary_pct", part);
        } else {
            json.writeNumberProperty("rope_theta", rope.theta());
        }
        if (config.family() == Family.PHI3) {
            json.writeNumberProperty("partial_rotary_factor", part);
        }
        switch (rope.scaling()) {
            case Rope.None() -> {}
            case Rope.Linear(double factor) -> {
                json.writeObjectPropertyStart("rope_scaling");
                json.writeStringProperty("rope_type", "linear");
                json.writeNumberProperty("factor", factor);
                json.writeEndObject();
            }
            case Rope.Llama3(double factor, double low, double high, int context) -> {
                json.writeObjectPropertyStart("rope_scaling");
                json.writeStringProperty("rope_type", "llama3");
                json.writeNumberProperty("factor", factor);
                json.writeNumberProperty("low_freq_factor", low);
                json.writeNumberProperty("high_freq_factor", high);
                json.writeNumberProperty("original_max_position_embeddings", context);
                json.writeEndObject();
            }
        }
    }

    /** What only this family has a key for; the rest is {@link Family#require}. */
    private void writeFamily() {
        var attention = config.attention();
        int window = Collections.max(attention.windows());
        switch (config.family()) {
            case LLAMA -> {
                json.writeBooleanProperty("attention_bias", attention.outputBias());
                json.writeBooleanProperty("mlp_bias", config.feedForward().bias());
            }
            case MISTRAL, PHI3 -> writeWindow(window);
            case QWEN2 -> writeWindows(attention.windows(), window);
            case QWEN3 -> {
                json.writeBooleanProperty("attention_bias", attention.outputBias());
                writeWindows(attention.windows(), window);
            }
            case GEMMA2 -> {
                json.writeBooleanProperty("attention_bias", attention.outputBias());
                json.writeNumberProperty("query_pre_attn_scalar", attention.scoreWidth());
                writeCap("attn_logit_softcapping", attention.cap());
                writeCap("final_logit_softcapping", config.ends().logitCap());
                writeWindow(window);
                writeLayerTypes(attention.windows());
            }
            case GPT2, DISTILBERT -> {}
            case BERT, ROBERTA ->
                    json.writeNumberProperty("type_vocab_size", config.ends().segments());
            case GPT_NEOX -> {
                json.writeBooleanProperty("attention_bias", attention.outputBias());
                json.writeBooleanProperty(
                        "use_parallel_residual",
                        config.block().norm().placement() == Placement.PARALLEL);
            }
        }
    }

    private int offset() {
        return switch (config.block().positions()) {
            case Positions.Learned(int offset) -> offset;
            case Positions.Rotary ignored -> 0;
        };
    }

    private void writeLabels(String problem, List<String> labels) {
        writeDropout(dialect.keys().headDropout(), config.dropout().head());
        json.writeStringProperty("problem_type", problem);
        json.writeObjectPropertyStart("id2label");
        for (int id = 0; id < labels.size(); id++) {
            json.writeStringProperty(Integer.toString(id), labels.get(id));
        }
        json.writeEndObject();
        json.writeObjectPropertyStart("label2id");
        for (var label : new LinkedHashSet<>(labels)) {
            json.writeNumberProperty(label, labels.indexOf(label));
        }
        json.writeEndObject();
    }

    private void writeCap(String key, double cap) {
        if (cap > 0) {
            json.writeNumberProperty(key, cap);
        } else {
            json.writeNullProperty(key);
        }
    }

    private void writeWindows(List<Integer> windows, int window) {
        json.writeBooleanProperty("use_sliding_window", window > 0);
        writeWindow(window);
        writeLayerTypes(windows);
    }

    private void writeLayerTypes(List<Integer> windows) {
        json.writeArrayPropertyStart("layer_types");
        for (int window : windows) {
            json.writeString(window > 0 ? "sliding_attention" : "full_attention");
        }
        json.writeEndArray();
    }

    private void writeWindow(int window) {
        if (window > 0) {
            json.writeNumberProperty("sliding_window", window);
        } else {
            json.writeNullProperty("sliding_window");
        }
    }

    private void writeSpecialTokens(SpecialTokens tokens) {
        writeToken("bos_token_id", tokens.begin());
        switch (tokens.end().size()) {
            case 0 -> json.writeNullProperty("eos_token_id");
            case 1 -> json.writeNumberProperty("eos_token_id", tokens.end().getFirst());
            default -> {
                json.writeArrayPropertyStart("eos_token_id");
                for (int id : tokens.end()) {
                    json.writeNumber(id);
                }
                json.writeEndArray();
            }
        }
        writeToken("pad_token_id", tokens.pad());
    }

    private void writeToken(String key, OptionalInt token) {
        if (token.isPresent()) {
            json.writeNumberProperty(key, token.getAsInt());
        } else {
            json.writeNullProperty(key);
        }
    }
}
