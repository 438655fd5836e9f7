package tensorlink.jobs.training;

import java.util.function.LongFunction;
import tensorlink.compute.optim.Optimizer;

/**
 * How a run goes. Start with {@link #of} and change what matters.
 *
 * @param length steps or epochs
 * @param rows examples of a step, at least 1; the last step of an epoch has what is left
 * @param seed of the order of examples
 * @param rule what moves the parameters in a step, which is numbered from 1
 * @param maxNorm of all gradients together, above 0; larger ones are scaled down
 * @param logEvery steps between two logs of the loss, at least 1
 * @param evaluateEvery steps between two evaluations; 0 for one after each epoch
 * @param saveEvery steps between two checkpoints; 0 for none but those that are asked for
 */
public record TrainerOptions(
        Length length,
        int rows,
        long seed,
        LongFunction<Optimizer> rule,
        double maxNorm,
        int logEvery,
        int evaluateEvery,
        int saveEvery) {
    static final int LOG_EVERY = 10;

    public TrainerOptions {
        require("rows", rows, 1);
        if (!(maxNorm > 0)) {
            throw new IllegalArgumentException("maxNorm " + maxNorm + ", above 0");
        }
        require("logEvery", logEvery, 1);
        require("evaluateEvery", evaluateEvery, 0);
        require("saveEvery", saveEvery, 0);
    }

    private static void require(String name, int value, int min) {
        if (value < min) {
            throw new IllegalArgumentException(name + " " + value + ", at least " + min);
        }
    }

    /** How long a run is. */
    public sealed interface Length {
        /** So many optimizer steps, over as many epochs as that takes. */
        record Steps(long count) implements Length {
            public Steps {
                if (count < 1) {
                    throw new IllegalArgumentException(count + " steps, at least 1");
                }
            }
        }

        /** Every example so often. */
        record Epochs(int count) implements Length {
            public Epochs {
                if (count < 1) {
                    throw new IllegalArgumentException(count + " epochs, at least 1");
                }
            }
        }

        /** How many steps that is. */
        default long steps(long stepsOfEpoch) {
            return switch (this) {
                case Steps(long count) -> count;
                case Epochs(int count) -> Math.multiplyExact(count, stepsOfEpoch);
            };
        }
    }

    /** Losses every {@value #LOG_EVERY} steps, an evaluation after each epoch, no checkpoints. */
    public static TrainerOptions of(Length length, int rows, LongFunction<Optimizer> rule) {
        return new TrainerOptions(length, rows, 1, rule, Double.POSITIVE_INFINITY, LOG_EVERY, 0, 0);
    }

    /** The same rule in every step. */
    public static TrainerOptions of(Length length, int rows, Optimizer rule) {
        return of(length, rows, _ -> rule);
    }

    /** Scales gradients down whose norm, of all of them together, is larger. */
    public TrainerOptions clipNorm(double largest) {
        return new TrainerOptions(
                length, rows, seed, rule, largest, logEvery, evaluateEvery, saveEvery);
    }

    public TrainerOptions seed(long value) {
        return new TrainerOptions(
                length, rows, value, rule, maxNorm, logEvery, evaluateEvery, saveEvery);
    }

    public TrainerOptions logEvery(int steps) {
        return new TrainerOptions(
                length, rows, seed, rule, maxNorm, steps, evaluateEvery, saveEvery);
    }

    public TrainerOptions evaluateEvery(int steps) {
        return new TrainerOptions(length, rows, seed, rule, maxNorm, logEvery, steps, saveEvery);
    }

    public TrainerOptions saveEvery(int steps) {
        return new TrainerOptions(
                length, rows, seed, rule, maxNorm, logEvery, evaluateEvery, steps);
    }
}
