package tensorlink.compute;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Adapters in the files of PEFT: what was trained, and what it goes beside. */
final class AdapterFiles {
    static final String WEIGHTS = "adapter_model.safetensors";
    static final String CONFIG = "adapter_config.json";
    private static final String PREFIX = PeftWeights.PREFIX;

    private final String base;
    private final ModelConfig config;
    private final Lora lora;
    private final Frozen frozen;

    AdapterFiles(String base, ModelConfig config) {
        this.base = base;
        this.config = config;
        this.lora =
                config.block()
                        .lora()
                        .orElseThrow(() -> new IllegalArgumentException(base + ": no adapters"));
        this.frozen = Lora.base(config);
    }

    /** What was trained, under the names of PEFT. */
    Weights weights(Weights all) {
        var trained = frozen.trained(config.tensors(config.allLayers()));
        return new Weights() {
            @Override
            public List<TensorSpec> tensors() {
                return trained.stream()
                        .map(it -> new TensorSpec(PREFIX + it.name(), it.dtype(), it.shape()))
                        .toList();
            }

            @Override
            public void read(String name, long offset, MemorySegment target)
                    throws IOException, InterruptedException {
                all.read(name.substring(PREFIX.length()), offset, target);
            }
        };
    }

    byte[] json() {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            json.writeStringProperty("peft_type", "LORA");
            switch (config.task().kind()) {
                case CAUSAL_LM -> json.writeStringProperty("task_type", "CAUSAL_LM");
                case CLASSIFICATION, REGRESSION -> json.writeStringProperty("task_type", "SEQ_CLS");
                case FEATURES -> json.writeStringProperty("task_type", "FEATURE_EXTRACTION");
                case MASKED_LM, GRAPH -> json.writeNullProperty("task_type");
            }
            json.writeStringProperty("base_model_name_or_path", base);
            json.writeNumberProperty("r", lora.rank());
            json.writeNumberProperty("lora_alpha", lora.alpha());
            json.writeNumberProperty("lora_dropout", 0.0);
            json.writeStringProperty("bias", "none");
            json.writeBooleanProperty(
                    "fan_in_fan_out",
                    config.family().weight() == Family.Weight.COLUMNS_ARE_OUTPUTS);
            json.writeBooleanProperty("inference_mode", true);
            json.writeArrayPropertyStart("target_modules");
            lora.targets().forEach(json::writeString);
            json.writeEndArray();
            var modules = modules();
            if (!modules.isEmpty()) {
                json.writeArrayPropertyStart("modules_to_save");
                modules.forEach(json::writeString);
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** What was trained besides. */
    private List<String> modules() {
        return config.layout().head().stream()
                .map(entry -> entry.tensor().name())
                .filter(name -> !frozen.holds(name))
                .map(name -> name.replaceFirst("\\.(weight|bias)$", ""))
                .distinct()
                .toList();
    }
}
