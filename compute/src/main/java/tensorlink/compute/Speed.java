package tensorlink.compute;

/**
 * How fast a machine computes a stage, as it measured itself. A pass of a micro-batch through a
 * layer takes a while however small both are, and then longer with the arithmetic in it.
 *
 * @param forward floating-point operations per second of forwards, as {@link Work} counts them
 * @param backward the same of backwards
 * @param step bytes of parameters per second that an optimizer step prepares and applies
 * @param memory bytes per second that are read from memory
 * @param forwardLayer seconds of a micro-batch's forward through a layer without arithmetic
 * @param backwardLayer the same of its backward
 */
public record Speed(
        double forward,
        double backward,
        double step,
        double memory,
        double forwardLayer,
        double backwardLayer) {
    private static final double MAX = 1e18;
    private static final double LAYER_SECONDS_MAX = 60;

    /** Of a machine that loses no time between what it computes. */
    public Speed(double forward, double backward, double step, double memory) {
        this(forward, backward, step, memory, 0, 0);
    }

    public Speed {
        within("forward", forward);
        within("backward", backward);
        within("step", step);
        within("memory", memory);
        layerWithin("forward", forwardLayer);
        layerWithin("backward", backwardLayer);
    }

    private static void within(String name, double value) {
        if (!(value > 0) || value > MAX) {
            throw new IllegalArgumentException(
                    "speed of " + name + " " + value + ", above 0 to " + MAX);
        }
    }

    private static void layerWithin(String name, double seconds) {
        if (!(seconds >= 0 && seconds <= LAYER_SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "seconds of a layer's " + name + " " + seconds + ", 0 to " + LAYER_SECONDS_MAX);
        }
    }
}
