package tensorlink.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import tensorlink.compute.tensor.Tensor;

/**
 * Chooses the next token from logits, in Java and in strict arithmetic: equal logits, seed and
 * position give the same token anywhere.
 */
public final class Sampler {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Sampling sampling;
    private final CounterRandom random;

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
        this.random = CounterRandom.of(sampling.seed());
    }

    /**
     * Chooses by the last row of {@code logits}.
     *
     * @param logits F32 of shape [..., vocabulary]; stays the caller's
     * @param position where in the sequence the token will stand
     * @throws IllegalArgumentException when no logit is a finite number
     */
    public int next(Tensor logits, long position) {
        int vocabulary = Math.toIntExact(logits.shape().axis(logits.shape().rank() - 1));
        long row = (logits.elements() - vocabulary) * Float.BYTES;
        var values = logits.data().asSlice(row);
        int likeliest = likeliest(values, vocabulary);
        if (sampling.temperature() == 0) {
            return likeliest;
        }
        float highest = values.getAtIndex(FLOAT, likeliest);
        var weights = new double[vocabulary];
        for (int id = 0; id < vocabulary; id++) {
            double below = (values.getAtIndex(FLOAT, id) - (double) highest);
            double weight = StrictMath.exp(below / sampling.temperature());
            weights[id] = Double.isNaN(weight) ? 0 : weight;
        }
        return draw(weights, random.uniform(position));
    }

    private static int likeliest(MemorySegment values, int vocabulary) {
        int best = -1;
        float highest = Float.NEGATIVE_INFINITY;
        for (int id = 0; id < vocabulary; id++) {
            float value = values.getAtIndex(FLOAT, id);
            if (value > highest) {
                best = id;
                highest = value;
            }
        }
        if (best < 0 || Float.isInfinite(highest)) {
            throw new IllegalArgumentException("no finite logit among " + vocabulary);
        }
        return best;
    }

    private int draw(double[] weights, double uniform) {
        boolean all = sampling.topK() == 0 && sampling.topP() == 1;
        int[] ids = all ? identity(weights.length) : candidates(weights);
        double total = 0;
        for (int id : ids) {
            total += weights[id];
        }
        double left = uniform * total;
        int drawn = -1;
        for (int id : ids) {
            if (weights[id] > 0) {
                drawn = id;
                left -= weights[id];
                if (left < 0) {
                    break;
                }
            }
        }
        return drawn;
    }

    /** The likeliest tokens that top-k, then top-p, leave; lower ids first among equals. */
    private int[] candidates(double[] weights) {
        var sorted = new Integer[weights.length];
        Arrays.setAll(sorted, id -> id);
        Arrays.sort(sorted, Comparator.comparingDouble((Integer id) -> -weights[id]));
        int count = sampling.topK() == 0 ? sorted.length : Math.min(sampling.topK(), sorted.length);
        double total = 0;
        for (int i = 0; i < count; i++) {
            total += weights[sorted[i]];
        }
        double reached = 0;
        int end = 0;
        while (end < count && (end == 0 || reached < sampling.topP() * total)) {
            reached += weights[sorted[end++]];
        }
        var ids = new int[end];
        Arrays.setAll(ids, i -> sorted[i]);
        return ids;
    }

    private static int[] identity(int count) {
        var ids = new int[count];
        Arrays.setAll(ids, id -> id);
        return ids;
    }
}
