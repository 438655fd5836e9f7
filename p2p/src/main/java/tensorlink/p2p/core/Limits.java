package tensorlink.p2p.core;

import java.time.Duration;

/**
 * Every bound of the network layer, each with its unit. What a stranger can grow stops here.
 *
 * <p>Names end in what they count; {@code Max} values are inclusive.
 */
public record Limits(
        Duration dialTimeout,
        Duration upgradeTimeout,
        Duration negotiateTimeout,
        int eventsPendingMax) {

    public static Limits defaults() {
        return new Limits(
                Duration.ofSeconds(5), Duration.ofSeconds(15), Duration.ofSeconds(10), 1024);
    }
}
