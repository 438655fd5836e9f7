package tensorlink.jobs.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What is known after a step, under the names that Hugging Face's {@code Trainer} gives it: {@code
 * loss}, {@code grad_norm}, {@code learning_rate}; {@code eval_loss}, {@code eval_accuracy}, {@code
 * eval_f1}; {@code train_runtime} in seconds and so on.
 *
 * @param step how many steps had been taken
 * @param epoch how often each example had been learnt from, with its fraction
 * @param values in their order
 */
public record Metrics(long step, double epoch, Map<String, Double> values) {
    public static final String LOSS = "loss";
    public static final String GRADIENT_NORM = "grad_norm";
    public static final String LEARNING_RATE = "learning_rate";
    public static final String EVAL_LOSS = "eval_loss";
    public static final String EVAL_ACCURACY = "eval_accuracy";
    public static final String EVAL_F1 = "eval_f1";

    public Metrics {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        if (step < 0 || !(epoch >= 0)) {
            throw new IllegalArgumentException("step " + step + ", epoch " + epoch);
        }
    }

    /** The value of that name, if it is known. */
    public OptionalDouble value(String name) {
        var value = values.get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
}
