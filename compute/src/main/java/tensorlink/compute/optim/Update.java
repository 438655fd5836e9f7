package tensorlink.compute.optim;

/**
 * What a step does with the prepared gradients.
 *
 * @param optimizer the rule
 * @param gradientScale what gradients are multiplied by first, from 0 to 1
 */
public record Update(Optimizer optimizer, float gradientScale) {
    /** torch's, so that nothing is divided by zero. */
    private static final double NORM_EPSILON = 1e-6;

    public Update {
        Require.require(gradientScale >= 0 && gradientScale <= 1, "gradient scale", gradientScale);
    }

    /** With the gradients as they are. */
    public static Update of(Optimizer optimizer) {
        return new Update(optimizer, 1);
    }

    /**
     * With gradients scaled so that their norm is at most {@code maxNorm}, as by {@code
     * torch.nn.utils.clip_grad_norm_}.
     *
     * @param norm of all gradients of the model, on whichever stages
     * @param maxNorm above 0; infinite for no limit
     * @throws ArithmeticException when there is a limit and {@code norm} is not finite: no step
     *     should be taken then
     */
    public static Update clipped(Optimizer optimizer, double norm, double maxNorm) {
        if (!(maxNorm > 0)) {
            throw new IllegalArgumentException("largest norm " + maxNorm + " is out of range");
        }
        if (Double.isInfinite(maxNorm)) {
            return of(optimizer);
        }
        if (!Double.isFinite(norm)) {
            throw new ArithmeticException("the gradients have the norm " + norm);
        }
        return new Update(optimizer, (float) Math.min(1, maxNorm / (norm + NORM_EPSILON)));
    }
}
