package tensorlink.dht;

import java.time.Duration;

/** Pauses that double up to a limit, and begin anew after a success. */
final class Backoff {
    private final Duration min;
    private final Duration max;
    private Duration next;

    Backoff(Duration min, Duration max) {
        this.min = min;
        this.max = max;
        this.next = min;
    }

    /** How long to pause this time. */
    Duration next() {
        var pause = next;
        var doubled = next.multipliedBy(2);
        next = doubled.compareTo(max) < 0 ? doubled : max;
        return pause;
    }

    /** It worked. */
    void reset() {
        next = min;
    }
}
