package tensorlink.compute;

/**
 * What keeps hidden states at one size.
 *
 * @param epsilon added to the mean square, or to the variance
 */
public record Norm(double epsilon, Family.Placement placement) {
    public Norm {
        ModelConfig.require(epsilon > 0 && epsilon < 1, "normEpsilon " + epsilon + ", 0 to 1");
    }

    /** What is computed. */
    public enum Kind {
        /** Divides by the root mean square, multiplies by the weight. */
        RMS,
        /** Divides by the root mean square, multiplies by one more than the weight. */
        RMS_OFFSET,
        /** Takes the mean away, divides by the deviation; weight and bias. */
        LAYER
    }
}
