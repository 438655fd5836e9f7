package tensorlink.jobs.market;

/**
 * How fast tensors leave and reach a worker.
 *
 * @param latency seconds from one worker to the next, however little is sent
 * @param bandwidth bytes per second
 */
public record Link(double latency, double bandwidth) {
    /** What is assumed where nobody has measured: a local network of 1 Gbit/s. */
    public static final Link ASSUMED = new Link(200e-6, 125e6);

    public Link {
        if (!(latency >= 0) || !(bandwidth > 0)) {
            throw new IllegalArgumentException(
                    "link of " + latency + " s and " + bandwidth + " bytes per second");
        }
    }

    /** Seconds that {@code bytes} take from here to {@code other}. */
    double seconds(Link other, double bytes) {
        return Math.max(latency, other.latency) + bytes / Math.min(bandwidth, other.bandwidth);
    }
}
