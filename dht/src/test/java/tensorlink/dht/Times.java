package tensorlink.dht;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How long something took, many times over. */
final class Times {
    private final String what;
    private final List<Long> nanos = new ArrayList<>();

    Times(String what) {
        this.what = what;
    }

    <T> T measure(Step<T> step) throws InterruptedException {
        long start = System.nanoTime();
        var result = step.run();
        nanos.add(System.nanoTime() - start);
        return result;
    }

    /** Forgets what was measured. */
    void clear() {
        nanos.clear();
    }

    /** The value that {@code share} of the measurements do not exceed, in milliseconds. */
    double millis(double share) {
        var sorted = new ArrayList<>(nanos);
        Collections.sort(sorted);
        int index = (int) Math.ceil(share * sorted.size()) - 1;
        return sorted.get(Math.max(0, index)) / 1e6;
    }

    @Override
    public String toString() {
        return "%s: p50 %.2f ms, p99 %.2f ms of %d"
                .formatted(what, millis(0.5), millis(0.99), nanos.size());
    }

    interface Step<T> {
        T run() throws InterruptedException;
    }
}
