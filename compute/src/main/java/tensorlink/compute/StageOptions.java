package tensorlink.compute;

import java.util.Optional;

/**
 * How a stage computes.
 *
 * @param training how it is trained; empty for inference only, without gradients
 * @param threads how many threads the kernels of this stage may use, at least 1
 */
public record StageOptions(Optional<TrainingOptions> training, int threads) {
    public StageOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + ", at least 1");
        }
    }

    public static StageOptions forTraining(int threads) {
        return forTraining(TrainingOptions.defaults(), threads);
    }

    public static StageOptions forTraining(TrainingOptions training, int threads) {
        return new StageOptions(Optional.of(training), threads);
    }

    public static StageOptions forInference(int threads) {
        return new StageOptions(Optional.empty(), threads);
    }
}
