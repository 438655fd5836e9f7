package tensorlink.compute;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What {@code adapter_config.json} of PEFT says, as far as {@link Lora} can do it. PEFT writes
 * every option it knows: one that is unknown here, or not supported, must be off.
 *
 * @param modules parts that were trained as a whole, by their last name
 */
record PeftConfig(Lora lora, List<String> modules) {
    static final int BYTES_MAX = 1 << 20;

    /** What makes no difference to what saved adapters give. */
    private static final Set<String> WITHOUT_EFFECT =
            Set.of(
                    "auto_mapping",
                    "base_model_name_or_path",
                    "fan_in_fan_out", // follows from the kind of layer
                    "inference_mode",
                    "lora_dropout",
                    "megatron_core",
                    "peft_version",
                    "qalora_group_size",
                    "revision",
                    "runtime_config",
                    "task_type");

    private static final Set<String> READ =
            Set.of(
                    "peft_type",
                    "r",
                    "lora_alpha",
                    "target_modules",
                    "modules_to_save",
                    "bias",
                    "init_lora_weights");

    static PeftConfig parse(String source, byte[] content) throws ModelFormatException {
        var json = JsonObject.parse(source, content, BYTES_MAX);
        if (!json.string("peft_type").equals("LORA")) {
            throw json.unsupported("peft_type", "\"LORA\"");
        }
        if (!json.string("bias", "none").equals("none")) {
            throw json.unsupported("bias", "\"none\"");
        }
        for (var key : json.keys()) {
            if (!READ.contains(key) && !WITHOUT_EFFECT.contains(key) && !json.isOff(key)) {
                throw json.unsupported(key, "null, false or nothing in it");
            }
        }
        requirePlainBeginning(json);
        int rank = json.integer("r", 1, Lora.RANK_MAX);
        double alpha = json.number("lora_alpha", Double.MIN_NORMAL, Lora.ALPHA_MAX);
        var targets = json.strings("target_modules");
        try {
            return new PeftConfig(
                    new Lora(rank, alpha, targets.orElse(List.of()).stream().sorted().toList()),
                    json.strings("modules_to_save").orElse(List.of()));
        } catch (IllegalArgumentException wrong) {
            throw new ModelFormatException(source, "target_modules: " + wrong.getMessage());
        }
    }

    /** Some beginnings of adapters change what they are beside. */
    private static void requirePlainBeginning(JsonObject json) throws ModelFormatException {
        try {
            json.bool("init_lora_weights", true);
        } catch (ModelFormatException named) {
            if (!json.string("init_lora_weights").equals("gaussian")) {
                throw json.unsupported("init_lora_weights", "true, false or \"gaussian\"");
            }
        }
    }

    /** The configuration of {@code base} with the adapters. */
    ModelConfig applied(String source, ModelConfig base) throws ModelFormatException {
        try {
            return base.withLora(Optional.of(lora));
        } catch (IllegalArgumentException unfit) {
            throw new ModelFormatException(source, "target_modules: " + unfit.getMessage());
        }
    }

    /** Refuses files without all adapters of the model, or with what has no place in it. */
    void requireTensors(String source, ModelConfig adapted, PeftWeights saved)
            throws ModelFormatException {
        var own = new HashMap<String, TensorSpec>();
        adapted.tensors(adapted.allLayers()).forEach(tensor -> own.put(tensor.name(), tensor));
        var found = new HashSet<String>();
        for (var tensor : saved.tensors()) {
            var expected = own.get(tensor.name());
            if (expected == null || !(isAdapter(tensor.name()) || isModule(tensor.name()))) {
                throw new ModelFormatException(
                        source,
                        tensor.name() + ": neither an adapter of this model nor a module to save");
            }
            if (tensor.dtype() != DType.F32 || !tensor.shape().equals(expected.shape())) {
                throw new ModelFormatException(
                        source,
                        tensor.name()
                                + ": expected F32 "
                                + expected.shape()
                                + ", found "
                                + tensor.dtype()
                                + " "
                                + tensor.shape());
            }
            found.add(tensor.name());
        }
        for (var tensor : own.keySet().stream().sorted().toList()) {
            if (isAdapter(tensor) && !found.contains(tensor)) {
                throw new ModelFormatException(source, tensor + " is missing");
            }
        }
    }

    private static boolean isAdapter(String tensor) {
        return tensor.endsWith(Lora.IN) || tensor.endsWith(Lora.OUT);
    }

    private boolean isModule(String tensor) {
        var part = tensor.replaceFirst("\\.(weight|bias)$", "");
        return modules.stream()
                .anyMatch(module -> part.equals(module) || part.endsWith("." + module));
    }
}
