package tensorlink.jobs;

import java.util.List;
import tensorlink.compute.Sampling;

/**
 * How a text is continued.
 *
 * @param maxTokens the most tokens to generate
 * @param stopTokens ids that end the text; they are not part of it
 */
public record GenerateOptions(int maxTokens, Sampling sampling, List<Integer> stopTokens) {
    public GenerateOptions {
        stopTokens = List.copyOf(stopTokens);
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens " + maxTokens + ", at least 1");
        }
    }

    public static GenerateOptions greedy(int maxTokens) {
        return new GenerateOptions(maxTokens, Sampling.greedy(), List.of());
    }
}
