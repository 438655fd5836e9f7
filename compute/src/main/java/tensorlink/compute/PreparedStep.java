package tensorlink.compute;

import java.util.List;

/**
 * The gradients a stage is ready to apply.
 *
 * @param gradients SHA-256 over the gradients' little-endian bytes, in the order of {@link
 *     Stage#parameters}
 * @param squaredNorms the sum of the squares of each gradient, in that order, for clipping by the
 *     global norm; a tensor that two stages share is only listed by the one that holds the
 *     embedding. So the lists of all stages together do not depend on the split
 */
public record PreparedStep(Digest gradients, List<Double> squaredNorms) {
    public PreparedStep {
        squaredNorms = List.copyOf(squaredNorms);
    }

    /** The norm of all gradients of a model: the same bits for any split. */
    public static double norm(List<PreparedStep> stages) {
        double sum = 0;
        for (var stage : stages) {
            for (double square : stage.squaredNorms()) {
                sum += square;
            }
        }
        return Math.sqrt(sum);
    }
}
