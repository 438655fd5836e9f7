package tensorlink.jobs.market;

/**
 * How fast tensors go from one node to another.
 *
 * @param latency seconds that it takes however little is sent, at most {@value #LATENCY_MAX}
 * @param bandwidth bytes per second, above 0, at most {@value #BANDWIDTH_MAX}
 */
public record Link(double latency, double bandwidth) {
    public static final double LATENCY_MAX = 60;
    public static final double BANDWIDTH_MAX = 1e15;

    /** What is assumed where nobody has measured: a local network of 1 Gbit/s. */
    public static final Link ASSUMED = new Link(200e-6, 125e6);

    public Link {
        if (!(latency >= 0 && latency <= LATENCY_MAX)
                || !(bandwidth > 0 && bandwidth <= BANDWIDTH_MAX)) {
            throw new IllegalArgumentException(
                    "link of " + latency + " s and " + bandwidth + " bytes per second");
        }
    }

    /** Seconds that {@code bytes} take in all, in so many messages one after another. */
    double seconds(int messages, double bytes) {
        return messages * latency + bytes / bandwidth;
    }
}
