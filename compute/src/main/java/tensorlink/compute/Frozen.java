package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.tensor.TensorSpec;

/**
 * Which parameters training leaves as they are: they have no gradients and no optimizer state.
 *
 * @param patterns names, in which {@code *} stands for any characters; at most {@value
 *     #PATTERNS_MAX} of 1 to {@value #LENGTH_MAX} characters
 */
public record Frozen(List<String> patterns) {
    public static final int PATTERNS_MAX = 4096;
    public static final int LENGTH_MAX = 512;

    public Frozen {
        patterns = List.copyOf(patterns);
        if (patterns.size() > PATTERNS_MAX) {
            throw new IllegalArgumentException(
                    patterns.size() + " patterns, at most " + PATTERNS_MAX);
        }
        for (var pattern : patterns) {
            if (pattern.isEmpty() || pattern.length() > LENGTH_MAX) {
                throw new IllegalArgumentException(
                        "a pattern of " + pattern.length() + " characters, 1 to " + LENGTH_MAX);
            }
        }
    }

    public static Frozen none() {
        return new Frozen(List.of());
    }

    /**
     * The embedding, which a tied head shares, and the first layers.
     *
     * @param layers 0 for the embedding alone, to all that the model has
     */
    public static Frozen first(ModelConfig config, int layers) {
        ModelConfig.require(
                layers >= 0 && layers <= config.layers(),
                layers + " layers of a model with " + config.layers());
        var entries = new ArrayList<>(config.layout().embedding());
        for (int layer = 0; layer < layers; layer++) {
            entries.addAll(config.layout().layer(layer));
        }
        return new Frozen(entries.stream().map(entry -> entry.tensor().name()).toList());
    }

    /** What both leave as it is. */
    public Frozen and(Frozen other) {
        var all = new ArrayList<>(patterns);
        all.addAll(other.patterns);
        return new Frozen(all.stream().distinct().toList());
    }

    /** Whether a parameter stays as it is. */
    public boolean holds(String parameter) {
        return patterns.stream().anyMatch(pattern -> matches(pattern, parameter));
    }

    /** Those that are trained, in their order. */
    public List<TensorSpec> trained(List<TensorSpec> parameters) {
        return parameters.stream().filter(parameter -> !holds(parameter.name())).toList();
    }

    /** Goes back to the last star only, so that no pattern takes long. */
    private static boolean matches(String pattern, String name) {
        int at = 0;
        int place = 0;
        int star = -1;
        int from = 0;
        while (place < name.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                star = at++;
                from = place;
            } else if (at < pattern.length() && pattern.charAt(at) == name.charAt(place)) {
                at++;
                place++;
            } else if (star >= 0) {
                at = star + 1;
                place = ++from;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }
}
