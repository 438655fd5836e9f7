package tensorlink.jobs.market;

import tensorlink.compute.LayerRange;

/**
 * The unit in which work is measured: one token through one layer forward is 1, backward is 2 more.
 *
 * <p>User and worker count it independently from the shapes of the batches, so that a receipt can
 * be checked exactly.
 */
public final class Usage {
    /** The unit's name in agreements. */
    public static final String UNIT = "token-layer";

    private static final long FORWARD = 1;
    private static final long FORWARD_AND_BACKWARD = 3;

    private Usage() {}

    /** Units of a forward pass of {@code tokens} through {@code layers}. */
    public static long forward(long tokens, LayerRange layers) {
        return Math.multiplyExact(Math.multiplyExact(tokens, layers.size()), FORWARD);
    }

    /** Units of a forward and a backward pass of {@code tokens} through {@code layers}. */
    public static long training(long tokens, LayerRange layers) {
        return Math.multiplyExact(Math.multiplyExact(tokens, layers.size()), FORWARD_AND_BACKWARD);
    }
}
