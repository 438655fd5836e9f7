package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;

/**
 * What one step learns from.
 *
 * @param inputs token ids
 * @param labels of the same shape; position {@code t} is predicted from the inputs before it, and
 *     {@value #IGNORED} marks a position that does not count
 */
public record Batch(Tokens inputs, Tokens labels) {
    public static final long IGNORED = -100;

    public Batch {
        if (labels.rows() != inputs.rows() || labels.length() != inputs.length()) {
            throw new IllegalArgumentException("inputs " + inputs + ", labels " + labels);
        }
        if (count(labels) == 0) {
            throw new IllegalArgumentException("no label counts");
        }
    }

    /** Learns to predict every token but each row's first. */
    public static Batch of(Tokens inputs) {
        return new Batch(inputs, inputs);
    }

    /** How many labels count; the first of each row has nothing to be predicted from. */
    public long labelCount() {
        return count(labels);
    }

    /**
     * Cuts the rows into {@code count} parts whose sizes differ by at most one, larger ones first.
     *
     * @param count 1 to the number of rows
     */
    public List<MicroBatch> split(int count) {
        int rows = inputs.rows();
        if (count < 1 || count > rows) {
            throw new IllegalArgumentException(count + " micro-batches of " + rows + " rows");
        }
        long labelCount = labelCount();
        var parts = new ArrayList<MicroBatch>(count);
        int first = 0;
        for (int index = 0; index < count; index++) {
            int end = first + rows / count + (index < rows % count ? 1 : 0);
            parts.add(
                    new MicroBatch(
                            index, inputs.rows(first, end), labels.rows(first, end), labelCount));
            first = end;
        }
        return List.copyOf(parts);
    }

    private static long count(Tokens labels) {
        long count = 0;
        for (int row = 0; row < labels.rows(); row++) {
            for (int t = 1; t < labels.length(); t++) {
                if (labels.at(row, t) != IGNORED) {
                    count++;
                }
            }
        }
        return count;
    }
}
