package tensorlink.node;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.SplittableRandom;
import tensorlink.compute.Batch;
import tensorlink.compute.Tokens;
import tensorlink.compute.tokenizer.Tokenizer;

/** Text to learn from, as token ids, and batches cut from it in a way that anyone can repeat. */
public final class TextData {
    private final int[] tokens;

    private TextData(int[] tokens) {
        this.tokens = tokens;
    }

    /** Two parts of one text: the first to learn from, the second to judge by. */
    public record Split(TextData training, TextData heldOut) {}

    /** Turns text into token ids. */
    public static TextData of(Tokenizer tokenizer, String text) {
        return new TextData(tokenizer.encode(text).stream().mapToInt(Integer::intValue).toArray());
    }

    public int size() {
        return tokens.length;
    }

    public int at(int index) {
        return tokens[index];
    }

    /**
     * Cuts the text in two.
     *
     * @param trainingShare of the whole, from 0 to 1
     */
    public Split split(double trainingShare) {
        if (!(trainingShare >= 0) || trainingShare > 1) {
            throw new IllegalArgumentException("a share of " + trainingShare + ", expected 0 to 1");
        }

        int cut = (int) (tokens.length * trainingShare);
        return new Split(part(0, cut), part(cut, tokens.length));
    }

    private TextData part(int first, int end) {
        return new TextData(Arrays.copyOfRange(tokens, first, end));
    }

    /**
     * The batch of one step: rows from places that depend on {@code seed} and {@code step} alone.
     *
     * @throws IllegalArgumentException when there are no rows, or the text is shorter than one
     */
    public Batch batch(long seed, long step, int rows, int length) {
        requireShape(rows, length);
        var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + step);
        var cut = new long[rows][];
        for (int row = 0; row < rows; row++) {
            cut[row] = row(random.nextInt(tokens.length - length + 1), length);
        }
        return Batch.of(Tokens.of(cut));
    }

    /** {@code count} batches from evenly spread places, the same for everyone. */
    public List<Batch> evenBatches(int count, int rows, int length) {
        requireShape(rows, length);
        long windows = (long) count * rows;
        var batches = new ArrayList<Batch>();
        for (int batch = 0; batch < count; batch++) {
            var cut = new long[rows][];
            for (int row = 0; row < rows; row++) {
                long window = (long) batch * rows + row;
                cut[row] = row((int) ((tokens.length - length) * window / windows), length);
            }
            batches.add(Batch.of(Tokens.of(cut)));
        }
        return batches;
    }

    /**
     * The entropy of single tokens, in nats: the loss of a model that knows how often each token
     * comes and nothing else.
     */
    public double unigramEntropy() {
        var counts = new HashMap<Integer, Integer>();
        for (int token : tokens) {
            counts.merge(token, 1, Integer::sum);
        }
        double entropy = 0;
        for (int count : counts.values()) {
            double share = count / (double) tokens.length;
            entropy -= share * Math.log(share);
        }
        return entropy;
    }

    private long[] row(int first, int length) {
        var row = new long[length];
        for (int i = 0; i < length; i++) {
            row[i] = tokens[first + i];
        }
        return row;
    }

    private void requireShape(int rows, int length) {
        if (rows < 1 || length < 1) {
            throw new IllegalArgumentException(
                    rows + " rows of " + length + " tokens, expected at least 1 of 1");
        }
        if (tokens.length < length) {
            throw new IllegalArgumentException(
                    "the text has " + tokens.length + " tokens, a row needs " + length);
        }
    }
}
