package tensorlink.jobs.data;

import tensorlink.compute.CounterRandom;

/**
 * An order of examples for each epoch, which depends on the seed and the epoch alone: whoever goes
 * on in the middle of a run needs to know nothing of what came before.
 *
 * <p>Source: Durstenfeld, "Algorithm 235: random permutation", CACM 1964.
 */
public record Shuffle(long seed) {

    /**
     * Each of 0 to {@code count - 1} once.
     *
     * @param epoch from 0 to 2^31 - 1
     */
    public int[] order(int count, long epoch) {
        if (epoch < 0 || epoch > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("epoch " + epoch);
        }
        var random = CounterRandom.of(seed);
        var order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = (int) (random.uniform((epoch << Integer.SIZE) + i) * (i + 1));
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
