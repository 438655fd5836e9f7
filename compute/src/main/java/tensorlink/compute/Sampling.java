package tensorlink.compute;

/**
 * How the next token is chosen from logits.
 *
 * @param temperature 0 takes the most likely token, the lowest id on a tie; else the logits are
 *     divided by it
 * @param topK only the {@code topK} most likely tokens are drawn from; 0 for all
 * @param topP only the most likely tokens that together reach this probability, in (0, 1]
 * @param seed the draw at position {@code t} depends on the seed and {@code t} alone, so equal
 *     seeds give equal texts on any network
 */
public record Sampling(float temperature, int topK, float topP, long seed) {
    public Sampling {
        if (!(temperature >= 0) || temperature > 100) {
            throw new IllegalArgumentException("temperature " + temperature + ", 0 to 100");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("topK " + topK + ", at least 0");
        }
        if (!(topP > 0) || topP > 1) {
            throw new IllegalArgumentException("topP " + topP + ", above 0 to 1");
        }
    }

    public static Sampling greedy() {
        return new Sampling(0, 0, 1, 0);
    }

    public static Sampling seeded(float temperature, long seed) {
        return new Sampling(temperature, 0, 1, seed);
    }
}
