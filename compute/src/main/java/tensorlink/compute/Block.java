package tensorlink.compute;

import java.util.Optional;

/**
 * What every layer of a model is made of.
 *
 * @param lora what is trained beside the weights of some linear parts, in place of them
 */
public record Block(
        Attention attention,
        FeedForward feedForward,
        Norm norm,
        Positions positions,
        Optional<Lora> lora) {
    /** Without adapters. */
    public Block(Attention attention, FeedForward feedForward, Norm norm, Positions positions) {
        this(attention, feedForward, norm, positions, Optional.empty());
    }
}
