package tensorlink.compute;

import java.util.List;

/**
 * How positions look at each other.
 *
 * @param heads attention heads, a multiple of {@code keyHeads}
 * @param keyHeads heads of keys and values, each shared by {@code heads / keyHeads} queries
 * @param headDim dimensions per head
 * @param inputBias whether queries, keys and values have biases
 * @param outputBias whether the output projection has one
 * @param scoreWidth scores are divided by its root: {@code headDim}, but for Gemma
 * @param cap the largest magnitude of scores, which they approach as a hyperbolic tangent does; 0
 *     for no cap
 * @param windows per layer, how many positions back attention reaches, itself included; 0 for all
 */
public record Attention(
        int heads,
        int keyHeads,
        int headDim,
        boolean inputBias,
        boolean outputBias,
        int scoreWidth,
        double cap,
        List<Integer> windows) {
    public Attention {
        windows = List.copyOf(windows);
        ModelConfig.within("heads", heads, ModelConfig.HEADS_MAX);
        ModelConfig.within("keyHeads", keyHeads, heads);
        ModelConfig.within("headDim", headDim, ModelConfig.HEAD_DIM_MAX);
        ModelConfig.require(
                heads % keyHeads == 0,
                "heads " + heads + " not a multiple of keyHeads " + keyHeads);
        ModelConfig.within("scoreWidth", scoreWidth, 1_000_000);
        ModelConfig.require(cap >= 0 && cap < 1e6, "attention cap " + cap);
        for (int window : windows) {
            ModelConfig.require(
                    window >= 0 && window <= ModelConfig.CONTEXT_MAX, "window " + window);
        }
    }

    /** The width of all queries together. */
    public int queryWidth() {
        return heads * headDim;
    }

    /** The width of all keys together, and of all values. */
    public int keyWidth() {
        return keyHeads * headDim;
    }
}
