package tensorlink.compute;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a stage computes.
 *
 * @param training how it is trained; empty for inference only, without gradients
 * @param threads how many threads the kernels of this stage may use, at least 1
 * @param memoryBytes what it is estimated to take, at least 1: an engine that can hold a stage to
 *     it does; empty for no limit
 */
public record StageOptions(
        Optional<TrainingOptions> training, int threads, OptionalLong memoryBytes) {
    public StageOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + ", at least 1");
        }
        if (memoryBytes.isPresent() && memoryBytes.getAsLong() < 1) {
            throw new IllegalArgumentException("memory " + memoryBytes + ", at least 1");
        }
    }

    public static StageOptions forTraining(int threads) {
        return forTraining(TrainingOptions.defaults(), threads);
    }

    public static StageOptions forTraining(TrainingOptions training, int threads) {
        return new StageOptions(Optional.of(training), threads, OptionalLong.empty());
    }

    public static StageOptions forInference(int threads) {
        return new StageOptions(Optional.empty(), threads, OptionalLong.empty());
    }

    public StageOptions withMemory(long bytes) {
        return new StageOptions(training, threads, OptionalLong.of(bytes));
    }
}
