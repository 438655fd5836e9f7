package tensorlink.compute;

import java.util.List;

/**
 * What one step learns from.
 *
 * @param inputs token ids, or values
 * @param labels what {@code task} compares results with, of the same rows: tokens, classes, of
 *     which a row has one, {@linkplain Tokens#ofNumbers numbers}, or what a graph's loss is of;
 *     {@value #IGNORED} marks what does not count, but for numbers
 */
public record Batch(Rows inputs, Rows labels, Task.Kind task) {
    public static final long IGNORED = -100;

    public Batch {
        boolean fits =
                switch (task) {
                    case CAUSAL_LM, MASKED_LM -> labels.length() == inputs.length();
                    case CLASSIFICATION -> labels.length() == 1;
                    case REGRESSION, GRAPH -> true;
                    case FEATURES -> false;
                };
        if (!fits || labels.rows() != inputs.rows()) {
            throw new IllegalArgumentException(
                    "inputs " + inputs + ", labels " + labels + " for " + task);
        }
        if (count(labels, task) == 0) {
            throw new IllegalArgumentException("no label counts");
        }
    }

    /** For next-token prediction: position {@code t} is predicted from the inputs before it. */
    public Batch(Tokens inputs, Tokens labels) {
        this(inputs, labels, Task.Kind.CAUSAL_LM);
    }

    /** Learns to predict every token but each row's first. */
    public static Batch of(Tokens inputs) {
        return new Batch(inputs, inputs);
    }

    /** How many labels count; a first token that is predicted from nothing does not. */
    public long labelCount() {
        return count(labels, task);
    }

    /**
     * Cuts the rows into {@code count} parts whose sizes differ by at most one, larger ones first.
     *
     * @param count 1 to the number of rows
     */
    public List<MicroBatch> split(int count) {
        return MicroBatch.split(inputs, labels, labelCount(), count);
    }

    private static long count(Rows labels, Task.Kind task) {
        return switch (labels) {
            case Tokens tokens -> count(tokens, task);
            case Values values -> (long) values.rows() * values.width();
        };
    }

    private static long count(Tokens labels, Task.Kind task) {
        long count = 0;
        int first = task == Task.Kind.CAUSAL_LM ? 1 : 0;
        for (int row = 0; row < labels.rows(); row++) {
            for (int t = first; t < labels.length(); t++) {
                if (labels.at(row, t) != IGNORED) {
                    count++;
                }
            }
        }
        return count;
    }
}
