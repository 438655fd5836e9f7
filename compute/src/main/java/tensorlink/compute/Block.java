package tensorlink.compute;

/** What every layer of a model is made of. */
public record Block(Attention attention, FeedForward feedForward, Norm norm, Positions positions) {}
