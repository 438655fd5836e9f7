package tensorlink.compute.tensor;

/** What the values of a tensor are before anything is learned. */
public sealed interface Initial {

    /** All the same. */
    record Constant(float value) implements Initial {}

    /** Drawn from a normal distribution around 0. */
    record Normal(double deviation) implements Initial {}

    /** Drawn evenly from {@code -bound} to {@code bound}. */
    record Uniform(double bound) implements Initial {}
}
