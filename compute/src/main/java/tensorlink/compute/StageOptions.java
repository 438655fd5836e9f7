package tensorlink.compute;

/**
 * How a stage computes.
 *
 * @param training whether gradients and optimizer state will be needed
 * @param threads how many threads the kernels of this stage may use, at least 1
 */
public record StageOptions(boolean training, int threads) {
    public StageOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + ", at least 1");
        }
    }

    public static StageOptions forTraining(int threads) {
        return new StageOptions(true, threads);
    }

    public static StageOptions forInference(int threads) {
        return new StageOptions(false, threads);
    }
}
