package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;

/**
 * Low-rank adapters: beside the weight W of a linear part, two small matrices A [rank, inputs] and
 * B [outputs, rank], so that it computes {@code W x + alpha / rank * B A x}. A begins as PyTorch
 * begins a linear layer, B as zeros, so that a model begins as it was.
 *
 * <p>Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021; names and
 * beginnings as in PEFT.
 *
 * @param rank 1 to {@value #RANK_MAX}
 * @param alpha above 0, at most {@value #ALPHA_MAX}
 * @param targets the last names of the parts, such as {@code q_proj}; in every layer
 */
public record Lora(int rank, double alpha, List<String> targets) {
    public static final int RANK_MAX = 1 << 10;
    public static final double ALPHA_MAX = 1e6;
    public static final int TARGETS_MAX = 64;
    static final String IN = ".lora_A.weight";
    static final String OUT = ".lora_B.weight";

    public Lora {
        targets = List.copyOf(targets);
        ModelConfig.within("rank", rank, RANK_MAX);
        ModelConfig.require(
                alpha > 0 && alpha <= ALPHA_MAX, "alpha " + alpha + ", above 0 to " + ALPHA_MAX);
        ModelConfig.require(
                !targets.isEmpty() && targets.size() <= TARGETS_MAX,
                targets.size() + " targets, 1 to " + TARGETS_MAX);
    }

    /** Beside what PEFT adapts unless told otherwise: queries and values, or all three at once. */
    public static List<String> usualTargets(ModelConfig config) {
        var usual = new ArrayList<String>();
        for (var part : List.of(Part.QUERY, Part.VALUE, Part.QUERY_KEY_VALUE)) {
            var name = config.names().get(part);
            if (name != null) {
                usual.add(name.substring(name.lastIndexOf('.') + 1));
            }
        }
        return usual;
    }

    /** What the result of an adapter is multiplied by. */
    public double scale() {
        return alpha / rank;
    }

    /**
     * What stays as it is when only adapters are trained, and of a classifier its head, which knows
     * nothing yet.
     */
    public static Frozen base(ModelConfig config) {
        return new Frozen(
                config.layout().all().stream()
                        .filter(entry -> !entry.adapts() && !classifies(config, entry))
                        .map(entry -> entry.tensor().name())
                        .distinct()
                        .toList());
    }

    private static boolean classifies(ModelConfig config, Layout.Entry entry) {
        return config.task().ofRows()
                && (entry.part() == Part.POOLER || entry.part() == Part.CLASSIFIER);
    }

    /** Whether a part of this name, such as {@code model.layers.#.self_attn.q_proj}, is adapted. */
    boolean adapts(String part) {
        return targets.stream().anyMatch(target -> part.endsWith("." + target));
    }

    /** Refuses targets that name nothing of a model. */
    void requireTargets(List<String> parts) {
        for (var target : targets) {
            if (parts.stream().noneMatch(part -> part.endsWith("." + target))) {
                throw new IllegalArgumentException(
                        "target \"" + target + "\": no linear part of a layer; there are " + parts);
            }
        }
    }
}
