package tensorlink.compute.parity;

import java.util.ArrayList;
import java.util.List;

/**
 * The largest differences from PyTorch's results.
 *
 * @param logits absolute
 * @param loss absolute
 * @param gradients relative to the largest magnitude in the same tensor; of a tensor whose gradient
 *     is 0 but for rounding, in all tensors
 * @param worstGradient the parameter where {@code gradients} was found
 * @param adamw absolute, over the losses of all steps
 * @param greedy whether generated tokens are identical; true of models that generate none
 * @param bitEqualToOneStage whether losses, gradients and trained weights have the same bits as
 *     those of one stage in this process
 */
public record ParityReport(
        double logits,
        double loss,
        double gradients,
        String worstGradient,
        double adamw,
        boolean greedy,
        boolean bitEqualToOneStage) {
    public static final double LOGITS_MAX = 2e-5;
    public static final double GRADIENTS_MAX = 1e-5;
    public static final double ADAMW_MAX = 1e-4;

    /** What is out of tolerance, in words; empty when all is well. */
    public List<String> failures() {
        var failures = new ArrayList<String>();
        if (!(logits <= LOGITS_MAX)) {
            failures.add("logits differ by " + logits + ", tolerance " + LOGITS_MAX);
        }
        if (!(gradients <= GRADIENTS_MAX)) {
            failures.add(
                    "the gradient of "
                            + worstGradient
                            + " differs by "
                            + gradients
                            + " of its maximum, tolerance "
                            + GRADIENTS_MAX);
        }
        if (!(adamw <= ADAMW_MAX)) {
            failures.add("AdamW losses differ by " + adamw + ", tolerance " + ADAMW_MAX);
        }
        if (!greedy) {
            failures.add("greedy tokens differ");
        }
        if (!bitEqualToOneStage) {
            failures.add("not bit-equal to one stage");
        }
        return List.copyOf(failures);
    }

    public boolean passes() {
        return failures().isEmpty();
    }
}
