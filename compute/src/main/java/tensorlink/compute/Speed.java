package tensorlink.compute;

/**
 * How fast a machine computes a stage, as it measured itself.
 *
 * @param forward floating-point operations per second of forwards, as {@link Work} counts them
 * @param backward the same of backwards
 * @param step bytes of parameters per second that an optimizer step prepares and applies
 * @param memory bytes per second that are read from memory
 */
public record Speed(double forward, double backward, double step, double memory) {
    private static final double MAX = 1e18;

    public Speed {
        within("forward", forward);
        within("backward", backward);
        within("step", step);
        within("memory", memory);
    }

    private static void within(String name, double value) {
        if (!(value > 0) || value > MAX) {
            throw new IllegalArgumentException(
                    "speed of " + name + " " + value + ", above 0 to " + MAX);
        }
    }
}
